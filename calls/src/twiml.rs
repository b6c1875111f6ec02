//! Documents for the provider: TwiML, as Twilio's reference has it; only what the flows need.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use switchyard_core::flow::Language;

use crate::spoken;

/// A document under construction. Elements nest as far as [`Document::within`] is called.
pub(crate) struct Document {
    writer: Writer<Vec<u8>>,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// A `<Response>` without anything in it yet.
    pub(crate) fn new() -> Self {
        let mut document = Self {
            writer: Writer::new(Vec::with_capacity(512)),
        };
        document.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        document.write(Event::Start(BytesStart::new("Response")));
        document
    }

    /// The whole of it.
    pub(crate) fn finish(mut self) -> String {
        self.write(Event::End(BytesEnd::new("Response")));
        String::from_utf8(self.writer.into_inner()).unwrap_or_default()
    }

    /// Says a text, in as many pieces as the provider needs.
    pub(crate) fn say(&mut self, text: &str, language: Language) {
        for piece in spoken::pieces(text) {
            self.text("Say", &[("language", language.tag())], piece);
        }
    }

    /// Plays the recording at that address.
    pub(crate) fn play(&mut self, url: &str) {
        self.text("Play", &[], url);
    }

    /// Asks for the next document elsewhere.
    pub(crate) fn redirect(&mut self, url: &str) {
        self.text("Redirect", &[("method", "POST")], url);
    }

    /// Turns the call away with the tone of a busy line.
    pub(crate) fn reject_busy(&mut self) {
        self.empty("Reject", &[("reason", "busy")]);
    }

    /// Ends the call.
    pub(crate) fn hang_up(&mut self) {
        self.empty("Hangup", &[]);
    }

    /// An element without anything in it.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Empty(start(name, attributes)));
    }

    /// An element with a text.
    pub(crate) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.within(name, attributes, |inner| {
            let clean: String = text.chars().filter(|c| is_legal(*c)).collect();
            inner.write(Event::Text(BytesText::new(&clean)));
        });
    }

    /// An element with others in it.
    pub(crate) fn within(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        fill: impl FnOnce(&mut Self),
    ) {
        self.write(Event::Start(start(name, attributes)));
        fill(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// Writing into memory does not fail.
    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).ok();
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (key, value) in attributes {
        let clean: String = value.chars().filter(|c| is_legal(*c)).collect();
        element.push_attribute((*key, clean.as_str()));
    }
    element
}

/// XML 1.0 has no other control characters than these.
fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && c != '\u{FFFE}' && c != '\u{FFFF}')
}

/// What is answered where there is nothing to do: the call ends or goes on by itself.
pub(crate) fn nothing() -> String {
    Document::new().finish()
}

/// What is answered to a call for which there is no line.
pub(crate) fn busy() -> String {
    let mut document = Document::new();
    document.reject_busy();
    document.finish()
}

/// What is answered to a call that shall end.
pub(crate) fn ended() -> String {
    let mut document = Document::new();
    document.hang_up();
    document.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

    #[test]
    fn texts_and_attributes_are_escaped_and_illegal_characters_left_out() {
        let mut document = Document::new();
        document.say("Ben & <Jerry> say \"hi\"\u{1}", Language::En);
        document.within(
            "Gather",
            &[("action", "https://h/a?x=1&y=\"2\"")],
            |inner| {
                inner.say("שלום", Language::He);
            },
        );
        let expected = "<Response><Say language=\"en-US\">Ben &amp; &lt;Jerry&gt; say";
        let text = document.finish();
        assert!(text.starts_with(&format!("{HEAD}{expected}")), "{text}");
        assert!(
            text.contains("action=\"https://h/a?x=1&amp;y=&quot;2&quot;\""),
            "{text}"
        );
        assert!(text.contains("<Say language=\"he-IL\">שלום</Say>") && !text.contains('\u{1}'));
    }

    #[test]
    fn the_short_answers_are_whole_documents() {
        assert_eq!(nothing(), format!("{HEAD}<Response></Response>"));
        assert_eq!(
            busy(),
            format!("{HEAD}<Response><Reject reason=\"busy\"/></Response>")
        );
        assert_eq!(ended(), format!("{HEAD}<Response><Hangup/></Response>"));
    }
}
