use super::*;

fn said(body: &str) -> Figure<String> {
    Ok(body.to_owned())
}

fn fine() -> Figures {
    Figures {
        available: Ok(true),
        free_slots: Ok(3.0),
        wait_s: Ok(10.0),
        queue_depth: Ok(2.0),
        eligibility: Ok(0.0),
        allowed: Ok(true),
    }
}

const ALL: [Availability; 4] = [
    Availability::Agents,
    Availability::Capacity,
    Availability::Wait,
    Availability::Allowed,
];

fn kind(figures: &Figures) -> Option<Unavailable> {
    obstacle(figures, &ALL, 120).map(|(kind, _)| kind)
}

#[test]
fn json_and_xml_answers_say_the_same() {
    let namespaces = r#"xmlns:ns5="http://jabber.org/protocol/httpbind" xmlns:ns2="http://bindings.egain.com/chat""#;
    let availability =
        format!(r#"<?xml version="1.0"?><agentAvailability {namespaces} available="true"/>"#);
    assert_eq!(truth(&said(&availability), "available"), Ok(true));
    assert_eq!(truth(&said(r#"{"available":true}"#), "available"), Ok(true));
    let slots = format!("<availableSlots {namespaces}><ns2:count>3</ns2:count></availableSlots>");
    assert_eq!(number(&said(&slots), "count"), Ok(3.0));
    assert_eq!(
        number(&said(r#"{"availableSlots":{"count":"3"}}"#), "count"),
        Ok(3.0)
    );
    let live = "<liveSessionStatus><ns2:waitTime>8.0</ns2:waitTime><ns2:queueDepth>2</ns2:queueDepth></liveSessionStatus>";
    assert_eq!(number(&said(live), "waitTime"), Ok(8.0));
    assert_eq!(number(&said(live), "queueDepth"), Ok(2.0));
    assert_eq!(
        number(
            &said(r#"<checkEligibility responseType='2'/>"#),
            "responseType"
        ),
        Ok(2.0)
    );
}

#[test]
fn nonsense_and_silence_are_unknown() {
    assert!(truth(&said("<html>hello</html>"), "available").is_err());
    assert!(truth(&said(r#"{"available":"perhaps"}"#), "available").is_err());
    assert!(number(&Err("not served".to_owned()), "count").is_err());
    let nothing = || Err("not served".to_owned());
    let figures = Figures {
        available: Err("not served".to_owned()),
        free_slots: nothing(),
        wait_s: nothing(),
        queue_depth: nothing(),
        eligibility: nothing(),
        allowed: Err("not served".to_owned()),
    };
    assert_eq!(kind(&figures), None);
    assert_eq!(agent_light(&figures).state, Colour::Unknown);
    assert_eq!(depth_light(&figures).state, Colour::Unknown);
    assert_eq!(wait_light(&figures, 120).state, Colour::Unknown);
}

#[test]
fn each_obstacle_has_its_name() {
    assert_eq!(kind(&fine()), None);
    assert_eq!(
        kind(&Figures {
            available: Ok(false),
            ..fine()
        }),
        Some(Unavailable::NoAgents)
    );
    assert_eq!(
        kind(&Figures {
            eligibility: Ok(1.0),
            ..fine()
        }),
        Some(Unavailable::NoAgents)
    );
    assert_eq!(
        kind(&Figures {
            eligibility: Ok(2.0),
            ..fine()
        }),
        Some(Unavailable::OutOfCapacity)
    );
    assert_eq!(
        kind(&Figures {
            free_slots: Ok(0.0),
            ..fine()
        }),
        Some(Unavailable::OutOfCapacity)
    );
    assert_eq!(
        kind(&Figures {
            wait_s: Ok(121.0),
            ..fine()
        }),
        Some(Unavailable::WaitTooLong)
    );
    assert_eq!(
        kind(&Figures {
            wait_s: Ok(120.0),
            ..fine()
        }),
        None
    );
    assert_eq!(
        kind(&Figures {
            allowed: Ok(false),
            ..fine()
        }),
        Some(Unavailable::EntryPointDisabled)
    );
}

#[test]
fn what_is_not_asked_refuses_nobody() {
    let bad = Figures {
        available: Ok(false),
        free_slots: Ok(0.0),
        wait_s: Ok(999.0),
        allowed: Ok(false),
        ..fine()
    };
    assert_eq!(obstacle(&bad, &[], 120), None);
    let wait = obstacle(&bad, &[Availability::Wait], 120);
    assert_eq!(wait.map(|(kind, _)| kind), Some(Unavailable::WaitTooLong));
}
