//! Reads a TwiML document into its verbs, and says everything that is wrong with it.

mod grammar;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How deep elements may nest, and how many there may be: more than any document that Twilio takes.
const DEPTH: usize = 8;
const ELEMENTS: usize = 2_000;

/// An element with what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name.
    pub(crate) name: String,
    /// Its attributes, in order.
    pub(crate) attributes: Vec<(String, String)>,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
    /// The text in it, that of children of `Say` included.
    pub(crate) text: String,
}

impl Element {
    /// The value of an attribute.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A whole number, or what stands for none.
    pub(crate) fn number(&self, name: &str, usual: u64) -> u64 {
        self.get(name)
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(usual)
    }

    /// Whether an attribute says true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The text without the space around it.
    pub(crate) fn words(&self) -> &str {
        self.text.trim()
    }
}

/// Something wrong, by the number in Twilio's list of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// 12100: no XML at all. 12200: a part that is skipped. 13521: a text that is too long.
    pub(crate) code: u32,
    /// In words.
    pub(crate) why: String,
}

impl Complaint {
    fn schema(why: impl Into<String>) -> Self {
        Self {
            code: 12200,
            why: why.into(),
        }
    }
}

/// The verbs of a document, and complaints about parts of it. Fails when it is no XML or no `<Response>`.
pub(crate) fn read(document: &str) -> Result<(Vec<Element>, Vec<Complaint>), Complaint> {
    let root = parse(document).map_err(|why| Complaint { code: 12100, why })?;
    if root.name != "Response" {
        return Err(Complaint {
            code: 12100,
            why: format!("the document is <{}>, not <Response>", root.name),
        });
    }
    let complaints = grammar::check(&root);
    Ok((root.children, complaints))
}

fn parse(document: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        if matches!(event, Event::Start(_) | Event::Empty(_)) {
            count += 1;
            if count > ELEMENTS || open.len() >= DEPTH || root.is_some() {
                return Err("too many elements, too deep, or more than one root".to_owned());
            }
        }
        match event {
            Event::Start(start) => open.push(begin(&start)?),
            Event::Empty(start) => close(begin(&start)?, &mut open, &mut root),
            Event::End(_) => {
                let element = open.pop().ok_or("an end without a start")?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => write(&mut open, &text.xml10_content())?,
            Event::CData(text) => write(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => write(&mut open, &resolve(&reference)?)?,
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    if !open.is_empty() {
        return Err("the document ends in the middle".to_owned());
    }
    root.ok_or_else(|| "the document is empty".to_owned())
}

fn begin(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element {
        name: start.name().as_ref().to_owned(),
        attributes,
        ..Element::default()
    })
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => {
            if parent.name == "Say" || grammar::is_speech(&parent.name) {
                parent.text.push_str(&element.text);
            }
            parent.children.push(element);
        }
        None => *root = Some(element),
    }
}

fn write(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside of the document".to_owned()),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference
        .resolve_char_ref()
        .map_err(|error| error.to_string())?
    {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_xml_entity(&name)
        .map(ToOwned::to_owned)
        .ok_or_else(|| format!("there is no entity {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(document: &str) -> Vec<String> {
        let (_, complaints) = read(document).expect("a document");
        complaints.into_iter().map(|one| one.why).collect()
    }

    #[test]
    fn text_and_attributes_come_out_as_they_were_meant() {
        let (verbs, complaints) = read(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"he-IL\">שלום &amp; \
             &#x5D1;רוך</Say><Redirect method=\"POST\">http://127.0.0.1/a?x=1&amp;y=2</Redirect></Response>",
        )
        .expect("a document");
        assert_eq!(complaints, []);
        assert_eq!(verbs[0].words(), "שלום & ברוך");
        assert_eq!(verbs[0].get("language"), Some("he-IL"));
        assert_eq!(verbs[1].words(), "http://127.0.0.1/a?x=1&y=2");
    }

    #[test]
    fn what_is_not_xml_is_refused_whole() {
        for wrong in [
            "",
            "hello",
            "<Response>",
            "<Response></Reponse>",
            "<Answer/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><Response><Say>&b;</Say></Response>",
            "<Response><Say>&unknown;</Say></Response>",
            "<Response/><Response/>",
        ] {
            let error = read(wrong).expect_err(wrong);
            assert_eq!(error.code, 12100, "{wrong}");
        }
    }

    #[test]
    fn each_wrong_part_is_named() {
        for (document, part) in [
            ("<Response><Answer/></Response>", "Answer"),
            ("<Response><say>x</say></Response>", "say"),
            ("<Response><Say voise=\"x\">x</Say></Response>", "voise"),
            ("<Response><Say/></Response>", "Say"),
            ("<Response>words</Response>", "words"),
            (
                "<Response><Gather><Dial>+15550001111</Dial></Gather></Response>",
                "Dial",
            ),
            (
                "<Response><Gather numDigits=\"many\"/></Response>",
                "numDigits",
            ),
            ("<Response><Reject reason=\"tired\"/></Response>", "tired"),
            (
                "<Response><Redirect>not a url at all</Redirect></Response>",
                "relative",
            ),
            ("<Response><Hangup/><Say>x</Say></Response>", "never"),
            (
                "<Response><Redirect>http://127.0.0.1/</Redirect><Hangup/></Response>",
                "never",
            ),
            ("<Response><Connect/></Response>", "Connect"),
            (
                "<Response><Connect><Stream url=\"https://127.0.0.1/\"/></Connect></Response>",
                "url",
            ),
        ] {
            let found = complaints(document);
            assert!(
                found.iter().any(|one| one.contains(part)),
                "{document}: {found:?}"
            );
        }
    }

    #[test]
    fn documents_that_twilio_takes_cause_no_complaint() {
        for document in [
            "<Response/>",
            "<Response><Reject reason=\"busy\"/></Response>",
            "<Response><Gather numDigits=\"1\" action=\"http://127.0.0.1/x\" timeout=\"5\"><Say>1</Say><Pause length=\"2\"/></Gather><Say>nothing</Say><Hangup/></Response>",
            "<Response><Dial timeout=\"20\" answerOnBridge=\"true\" action=\"http://127.0.0.1/d\"><Number url=\"http://127.0.0.1/w\" statusCallback=\"http://127.0.0.1/s\" statusCallbackEvent=\"initiated ringing answered completed\">+15550001111</Number></Dial></Response>",
            "<Response><Say>leave</Say><Record maxLength=\"120\" timeout=\"4\" finishOnKey=\"#\" playBeep=\"true\" action=\"http://127.0.0.1/r\" recordingStatusCallback=\"http://127.0.0.1/rs\"/></Response>",
            "<Response><Connect><Stream url=\"ws://127.0.0.1/media/v1\"><Parameter name=\"tok\" value=\"x\"/></Stream></Connect><Redirect method=\"POST\">http://127.0.0.1/resume</Redirect></Response>",
            "<Response><Say><prosody rate=\"slow\">slow</prosody> words</Say></Response>",
        ] {
            assert_eq!(complaints(document), Vec::<String>::new(), "{document}");
        }
    }
}
