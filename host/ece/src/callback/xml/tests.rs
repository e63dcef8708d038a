use serde_json::json;

use super::*;

fn read(document: &str) -> Vec<Value> {
    messages(document.as_bytes()).unwrap()
}

fn refused(document: &str) -> String {
    messages(document.as_bytes()).unwrap_err()
}

/// A message with this inside.
fn with(inside: &str) -> Value {
    read(&format!("<messages><message>{inside}</message></messages>")).remove(0)
}

#[test]
fn the_inferred_document_is_read_whole() {
    let document = r#"<?xml version="1.0" encoding="UTF-8"?>
        <messages xmlns="http://bindings.egain.com/ws/model/v19/gen/clientapplications/messaging">
          <message><id>3118908847</id><conversation id="ca2c"/><type><value>complete</value></type>
            <sender><type>system</type></sender><content>IMIUser2 has ended the chat</content>
            <timeStamp>1624144754000</timeStamp></message>
        </messages>"#;
    assert_eq!(
        read(document),
        [json!({
            "id": "3118908847", "conversation": {"id": "ca2c"}, "type": {"value": "complete"},
            "sender": {"type": "system"}, "content": "IMIUser2 has ended the chat",
            "timeStamp": "1624144754000",
        })]
    );
}

#[test]
fn prefixes_attributes_and_elements_say_the_same() {
    let expected = [json!({"conversation": {"id": "c1"}, "id": "7", "content": "hi"})];
    for document in [
        "<messages><message><conversation><id>c1</id></conversation><id>7</id><content>hi</content></message></messages>",
        "<ns2:messages xmlns:ns2='urn:x'><ns2:message ns2:id='7'><ns2:conversation id='c1'/><content>hi</content></ns2:message></ns2:messages>",
        "<message id='7' content='hi'><conversation id='c1'/></message>",
        "<a><messages><message id='7'><conversation id='c1'/><content xml:lang='en'>hi</content></message></messages></a>",
        "<callback id='7'><conversation id='c1' xmlns='urn:y'/><content xsi:type='s' xmlns:xsi='urn:z'>hi</content></callback>",
    ] {
        assert_eq!(read(document), expected, "{document}");
    }
    assert_eq!(read("<messages/>"), Vec::<Value>::new());
}

#[test]
fn several_of_a_name_are_a_list_in_their_order() {
    let files = "<attachments><attachment><fileName>a</fileName></attachment><attachment fileName='b'/><attachment/></attachments>";
    assert_eq!(
        with(files)["attachments"]["attachment"],
        json!([{"fileName": "a"}, {"fileName": "b"}, ""])
    );
}

#[test]
fn text_is_kept_character_for_character() {
    for (written, expected) in [
        (
            " a &lt;b&gt; &amp;amp; &quot;q&quot; &apos; ",
            " a <b> &amp; \"q\" ' ",
        ),
        (
            "&#1;\t&#13;\n&#x1F469; مرحبا \u{202e}x",
            "\u{1}\t\r\n👩 مرحبا \u{202e}x",
        ),
        ("a<![CDATA[<b> & ]]>c<!-- not said -->d", "a<b> & cd"),
        ("line\r\nline", "line\nline"),
        ("", ""),
    ] {
        let message = with(&format!("<content>{written}</content>"));
        assert_eq!(message["content"], json!(expected), "{written}");
    }
    assert_eq!(
        with("<content type='x'>hi</content>")["content"],
        json!({"type": "x", "value": "hi"})
    );
}

#[test]
fn html_that_nobody_escaped_is_kept_as_written() {
    let html = "<p>Hi <b>Jo</b> &amp; co<br/></p>";
    let message = with(&format!("<content>{html}</content>"));
    assert_eq!(message["content"], json!(html));
    let message = with(&format!(
        "<content><html>{html}</html><text>Hi</text></content>"
    ));
    assert_eq!(message["content"], json!({"html": html, "text": "Hi"}));
    assert_eq!(
        with("<content>see <url>x</url></content>")["content"],
        json!("see <url>x</url>")
    );
}

#[test]
fn an_element_beside_the_messages_is_a_message_of_that_kind() {
    let document = "<messages><message><conversation id='c1'/><type>complete</type></message>\
        <coBrowse><conversation id='c2'/><content>join</content></coBrowse></messages>";
    assert_eq!(
        read(document)[1],
        json!({"conversation": {"id": "c2"}, "content": "join", "type": "coBrowse"})
    );
}

#[test]
fn a_document_can_neither_grow_nor_reach_anything() {
    let laughs = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
        <messages><message><conversation id="c1"/><content>&lol2;</content></message></messages>"#;
    assert_eq!(refused(laughs), "document type declarations are not read");
    for entity in [
        r#"<!DOCTYPE m [<!ENTITY file SYSTEM "file:///etc/passwd">]><messages><message>&file;</message></messages>"#,
        r#"<!DOCTYPE m SYSTEM "http://127.0.0.1/x.dtd"><messages/>"#,
        r#"<!DOCTYPE m [<!ENTITY % all SYSTEM "http://127.0.0.1/x.dtd"> %all;]><messages/>"#,
    ] {
        assert_eq!(refused(entity), "document type declarations are not read");
    }
    let undeclared = "<messages><message><content>&file;</content></message></messages>";
    assert_eq!(
        refused(undeclared),
        "the entity &file;: only XML's own five are read"
    );
    let attribute = "<messages><message id='&file;'/></messages>";
    assert!(
        refused(attribute).contains("file"),
        "{}",
        refused(attribute)
    );
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(refused(&deep).contains("inside each other"));
}

#[test]
fn what_is_no_xml_is_refused_with_its_place() {
    for (document, why) in [
        ("<messages>", "it ends inside <messages>"),
        ("<messages><message></messages>", "byte 19"),
        ("</messages>", "byte 0"),
        (
            "<messages/><messages/>",
            "a second root element, at byte 11",
        ),
        (
            "<messages/>and",
            "text outside of the root element, at byte 11",
        ),
        ("<!-- nothing -->", "it holds no element"),
        ("<hello/>", "<hello> holds no message"),
        ("<messages>hello</messages>", "<messages> holds no message"),
        ("<messages><message id='1' id='2'/></messages>", "<message>"),
        ("<messages><content>&#0;</content></messages>", "0x0"),
        ("<messages><content>a & b</content></messages>", "byte"),
    ] {
        let error = refused(document);
        assert!(error.contains(why), "{document}: {error}");
    }
    assert_eq!(
        messages(b"<messages>\xff</messages>").unwrap_err(),
        "it is not UTF-8 after byte 10"
    );
}
