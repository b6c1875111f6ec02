//! What Twilio's schema allows: elements, attributes with their values, what nests in what, and what can be reached.

use reqwest::Url;

use super::{Complaint, Element};

/// The longest text to be read aloud: characters, and bytes once it is encoded for an address.
const CHARACTERS: usize = 4_096;
const ENCODED: usize = 4_500;

/// What an attribute may hold.
#[derive(Clone, Copy)]
enum Worth {
    Text,
    /// An address that documents or callbacks are asked at.
    Web,
    /// An address of a media socket.
    Socket,
    /// A whole number from and to.
    Number(u64, u64),
    One(&'static [&'static str]),
    /// Words of a list, with one space between them.
    Many(&'static [&'static str]),
    /// Digits of a telephone, at most so many.
    Keys(usize),
}

use Worth::{Keys, Many, Number, One, Socket, Text, Web};

const METHOD: Worth = One(&["GET", "POST"]);
const FLAG: Worth = One(&["true", "false"]);
const PROGRESS: Worth = Many(&["initiated", "ringing", "answered", "completed"]);
const RECORDED: Worth = Many(&["in-progress", "completed", "absent"]);

type Attributes = &'static [(&'static str, Worth)];

const SAY: Attributes = &[
    ("voice", Text),
    ("language", Text),
    ("loop", Number(0, 1_000)),
];
const PLAY: Attributes = &[("loop", Number(0, 1_000)), ("digits", Text)];
const PAUSE: Attributes = &[("length", Number(1, 3_600))];
const GATHER: Attributes = &[
    (
        "input",
        One(&["dtmf", "speech", "dtmf speech", "speech dtmf"]),
    ),
    ("action", Web),
    ("method", METHOD),
    ("timeout", Number(0, 600)),
    ("numDigits", Number(1, 1_000)),
    ("finishOnKey", Keys(1)),
    ("speechTimeout", Text),
    ("maxSpeechTime", Number(1, 600)),
    ("language", Text),
    ("hints", Text),
    ("bargeIn", FLAG),
    ("profanityFilter", FLAG),
    ("partialResultCallback", Web),
    ("partialResultCallbackMethod", METHOD),
    ("actionOnEmptyResult", FLAG),
    ("speechModel", Text),
    ("enhanced", FLAG),
];
const RECORD: Attributes = &[
    ("action", Web),
    ("method", METHOD),
    ("timeout", Number(0, 600)),
    ("finishOnKey", Keys(12)),
    ("maxLength", Number(2, 14_400)),
    ("playBeep", FLAG),
    ("trim", One(&["trim-silence", "do-not-trim"])),
    ("recordingStatusCallback", Web),
    ("recordingStatusCallbackMethod", METHOD),
    ("recordingStatusCallbackEvent", RECORDED),
    ("transcribe", FLAG),
    ("transcribeCallback", Web),
];
const DIAL: Attributes = &[
    ("action", Web),
    ("method", METHOD),
    ("timeout", Number(5, 600)),
    ("timeLimit", Number(1, 14_400)),
    ("callerId", Text),
    ("answerOnBridge", FLAG),
    ("hangupOnStar", FLAG),
    (
        "record",
        One(&[
            "do-not-record",
            "record-from-answer",
            "record-from-ringing",
            "record-from-answer-dual",
            "record-from-ringing-dual",
        ]),
    ),
    ("trim", One(&["trim-silence", "do-not-trim"])),
    ("recordingStatusCallback", Web),
    ("recordingStatusCallbackMethod", METHOD),
    ("recordingStatusCallbackEvent", RECORDED),
    ("ringTone", Text),
    ("sequential", FLAG),
];
const NUMBER: Attributes = &[
    ("sendDigits", Text),
    ("url", Web),
    ("method", METHOD),
    ("statusCallback", Web),
    ("statusCallbackMethod", METHOD),
    ("statusCallbackEvent", PROGRESS),
];
const REDIRECT: Attributes = &[("method", METHOD)];
const REJECT: Attributes = &[("reason", One(&["rejected", "busy"]))];
const STREAM: Attributes = &[
    ("url", Socket),
    ("name", Text),
    (
        "track",
        One(&["inbound_track", "outbound_track", "both_tracks"]),
    ),
    ("statusCallback", Web),
    ("statusCallbackMethod", METHOD),
];
const STOPPED: Attributes = &[("name", Text)];
const PARAMETER: Attributes = &[("name", Text), ("value", Text)];

/// What is known of an element: its attributes, what nests in it, and whether it holds text.
struct Rule {
    attributes: Attributes,
    children: &'static [&'static str],
    text: Words,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    None,
    Some,
    Maybe,
}

const VERBS: &[&str] = &[
    "Say", "Play", "Pause", "Gather", "Record", "Dial", "Redirect", "Reject", "Hangup", "Connect",
    "Start", "Stop",
];
/// Elements of speech synthesis that `Say` may hold; their attributes are the synthesiser's.
const SPEECH: &[&str] = &[
    "break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w",
];

/// Whether that is an element of speech synthesis.
pub(super) fn is_speech(name: &str) -> bool {
    SPEECH.contains(&name)
}

fn rule(name: &str, parent: &str) -> Option<Rule> {
    let rule = |attributes, children, text| {
        Some(Rule {
            attributes,
            children,
            text,
        })
    };
    match name {
        "Response" => rule(&[], VERBS, Words::None),
        "Say" => rule(SAY, SPEECH, Words::Some),
        "Play" => rule(PLAY, &[], Words::Maybe),
        "Pause" => rule(PAUSE, &[], Words::None),
        "Gather" => rule(GATHER, &["Say", "Play", "Pause"], Words::None),
        "Record" => rule(RECORD, &[], Words::None),
        "Dial" => rule(DIAL, &["Number"], Words::Maybe),
        "Number" => rule(NUMBER, &[], Words::Some),
        "Redirect" => rule(REDIRECT, &[], Words::Some),
        "Reject" => rule(REJECT, &[], Words::None),
        "Hangup" => rule(&[], &[], Words::None),
        "Connect" | "Start" | "Stop" => rule(&[], &["Stream"], Words::None),
        "Stream" if parent == "Stop" => rule(STOPPED, &[], Words::None),
        "Stream" => rule(STREAM, &["Parameter"], Words::None),
        "Parameter" => rule(PARAMETER, &[], Words::None),
        _ => None,
    }
}

/// Everything that is wrong with a `<Response>`.
pub(super) fn check(root: &Element) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    visit(root, "", &mut complaints);
    reach(&root.children, &mut complaints);
    complaints
}

fn visit(element: &Element, parent: &str, complaints: &mut Vec<Complaint>) {
    let name = element.name.as_str();
    if is_speech(name) {
        return;
    }
    let Some(rule) = rule(name, parent) else {
        complaints.push(Complaint::schema(format!("<{name}> is not known")));
        return;
    };
    for (key, value) in &element.attributes {
        let Some((_, worth)) = rule.attributes.iter().find(|(known, _)| known == key) else {
            complaints.push(Complaint::schema(format!("<{name}> has no {key}")));
            continue;
        };
        if let Some(why) = wrong(*worth, value) {
            complaints.push(Complaint::schema(format!("<{name} {key}>: {why}")));
        }
    }
    words(element, rule.text, complaints);
    for child in &element.children {
        if rule.children.contains(&child.name.as_str()) {
            visit(child, name, complaints);
        } else {
            complaints.push(Complaint::schema(format!(
                "<{}> may not stand in <{name}>",
                child.name
            )));
        }
    }
    whole(element, complaints);
}

fn words(element: &Element, wanted: Words, complaints: &mut Vec<Complaint>) {
    let (name, words) = (element.name.as_str(), element.words());
    if wanted == Words::None && !words.is_empty() {
        complaints.push(Complaint::schema(format!("<{name}> holds words: {words}")));
    }
    if wanted == Words::Some && words.is_empty() {
        complaints.push(Complaint::schema(format!("<{name}> is empty")));
    }
    if name == "Say" && (words.chars().count() > CHARACTERS || encoded(words) > ENCODED) {
        complaints.push(Complaint {
            code: 13521,
            why: "<Say> is longer than can be read aloud".to_owned(),
        });
    }
    if name == "Redirect"
        && let Some(why) = wrong(Web, words)
    {
        complaints.push(Complaint::schema(format!("<Redirect>: {why}")));
    }
}

/// Bytes of a text in an address: one for what stays as it is, three for each other byte.
fn encoded(text: &str) -> usize {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 })
        .sum()
}

/// What no single attribute shows.
fn whole(element: &Element, complaints: &mut Vec<Complaint>) {
    let streams = element.children.len();
    let why = match element.name.as_str() {
        "Connect" if streams != 1 => "<Connect> holds exactly one <Stream>",
        "Start" | "Stop" if streams == 0 => "<Start> and <Stop> hold a <Stream>",
        "Stream" if element.get("url").is_none() && element.get("name").is_none() => {
            "<Stream> has neither url nor name"
        }
        "Parameter"
            if element.get("name").unwrap_or_default().len()
                + element.get("value").unwrap_or_default().len()
                > 500 =>
        {
            "<Parameter> is longer than 500 characters"
        }
        "Dial" if streams > 10 => "<Dial> rings at most ten",
        "Dial" if streams == 0 && element.words().is_empty() => "<Dial> calls nobody",
        _ => return,
    };
    complaints.push(Complaint::schema(why));
}

/// Verbs after one that never comes back.
fn reach(verbs: &[Element], complaints: &mut Vec<Complaint>) {
    let end = verbs.iter().position(|verb| {
        matches!(verb.name.as_str(), "Hangup" | "Redirect" | "Reject")
            || (verb.name == "Dial" && verb.get("action").is_some())
    });
    let lost = end.and_then(|end| verbs.get(end..)).unwrap_or_default();
    if let [last, lost, ..] = lost {
        complaints.push(Complaint::schema(format!(
            "<{}> after <{}> is never reached",
            lost.name, last.name
        )));
    }
}

fn wrong(worth: Worth, value: &str) -> Option<String> {
    let address = |schemes: &[&str]| {
        Url::parse(value).map_or_else(
            |_| Some(format!("{value} is relative or no address")),
            |url| {
                (!schemes.contains(&url.scheme()))
                    .then(|| format!("{value} is not one of {}", schemes.join(", ")))
            },
        )
    };
    match worth {
        Text => None,
        Web => address(&["http", "https"]),
        Socket => address(&["ws", "wss"]),
        Number(low, high) => (!value
            .parse::<u64>()
            .is_ok_and(|number| (low..=high).contains(&number)))
        .then(|| format!("{value} is not between {low} and {high}")),
        One(choices) => (!choices.contains(&value))
            .then(|| format!("{value} is not one of {}", choices.join(", "))),
        Many(choices) => value
            .split(' ')
            .find(|word| !choices.contains(word))
            .map(|word| format!("{word} is not one of {}", choices.join(", "))),
        Keys(most) => {
            let fits = value.len() <= most && value.chars().all(|key| "0123456789*#".contains(key));
            (!fits).then(|| format!("{value} is no key of a telephone"))
        }
    }
}
