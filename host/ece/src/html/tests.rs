use super::*;

#[test]
fn words_without_markup_stay_as_they_are() {
    for text in [
        "hello",
        "a < b and c > d",
        "5 <6",
        "R&D",
        "x &unknown; y",
        "tom & jerry",
        "مرحبا 👩‍👩‍👧",
    ] {
        assert_eq!(to_text(text), text);
    }
}

#[test]
fn links_are_kept_as_text_and_address() {
    assert_eq!(
        to_text(r#"see <a href="https://x.y/a?b=1&amp;c=2">our page</a>."#),
        "see our page (https://x.y/a?b=1&c=2)."
    );
    assert_eq!(
        to_text(r#"<A HREF='https://x.y/'>https://x.y</A> now"#),
        "https://x.y now"
    );
    assert_eq!(to_text(r#"<a href="mailto:a@b.c">a@b.c</a>"#), "a@b.c");
    assert_eq!(
        to_text(r#"go <a href=https://x.y><img src="i.png"></a>"#),
        "go https://x.y"
    );
    assert_eq!(
        to_text(r#"<a href="javascript:alert(1)">click</a>"#),
        "click"
    );
}

#[test]
fn breaks_paragraphs_and_lists_become_lines() {
    assert_eq!(to_text("one<br>two<br/>three"), "one\ntwo\nthree");
    assert_eq!(to_text("<p>one</p>\n<p>two</p>"), "one\n\ntwo");
    assert_eq!(to_text("<div>one</div><div>two</div>"), "one\ntwo");
    assert_eq!(
        to_text("Do:<ul><li>this</li><li>that<ol><li>first</li><li>second</li></ol></li></ul>ok"),
        "Do:\n- this\n- that\n  1. first\n  2. second\nok"
    );
}

#[test]
fn white_space_is_as_a_browser_shows_it() {
    assert_eq!(to_text("  a \n\t b&nbsp;&nbsp;c  <b> d</b> "), "a b  c d");
    assert_eq!(to_text("<pre>a  b\n  c</pre>d"), "a  b\n  c\nd");
}

#[test]
fn entities_are_characters() {
    assert_eq!(
        to_text("&lt;b&gt; &amp;amp; &quot;&apos;&#39;&#x1F600;&euro;&uuml;&hellip;"),
        "<b> &amp; \"''😀€ü…"
    );
    assert_eq!(to_text("&#0;&#xD800;"), "&#0;&#xD800;");
}

#[test]
fn what_nobody_reads_goes() {
    assert_eq!(
        to_text("<style>p{color:red}</style>a<!-- no -->b<script>if(a<b){}</script>c<!DOCTYPE x>"),
        "abc"
    );
    assert_eq!(to_text("<script>never closed"), "");
}

#[test]
fn broken_markup_loses_no_words() {
    assert_eq!(to_text("a <b"), "a <b");
    assert_eq!(to_text("</b></li></ul></a>x"), "x");
    assert_eq!(to_text(r#"<a href="x>text</a> end"#), "text (x) end");
    assert_eq!(to_text("<a = =>z</a>"), "z");
}
