//! What must hold when all is at rest. Each checker gives what it found wrong, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use trunkline_core::id::{CustomerId, DeliveryId, EceSession, Timestamp};

use crate::configured::{PROBING, RENAMED, WELCOME};
use crate::provider::parts;
use crate::run::Outcome;
use crate::store::{Tables, words as delivery_words};
use crate::world::World;

/// All that is wrong with a seed's outcome.
pub fn all(outcome: &Outcome) -> Vec<String> {
    let world = outcome.shared.world();
    let tables = outcome.disk.lock().unwrap_or_else(PoisonError::into_inner);
    let mut wrong = world.wrong.clone();
    wrong.extend(customers_words_arrive(&world, &tables));
    wrong.extend(customers_words_come_once(&world, &tables));
    wrong.extend(customers_words_keep_their_order(&world, &tables));
    wrong.extend(agents_words_arrive(&world, &tables));
    wrong.extend(undelivered_is_kept(&world, &tables));
    wrong.extend(agents_words_keep_their_order(&world));
    wrong.extend(phones_ring_once(&world, &tables));
    wrong.extend(words_are_their_own(&world));
    wrong.extend(welcomes_come_once(&world));
    wrong.extend(surveys_come_once(&world));
    wrong
}

/// All that happened, for one who looks for the cause.
pub fn story(outcome: &Outcome) -> String {
    let world = outcome.shared.world();
    let tables = outcome.disk.lock().unwrap_or_else(PoisonError::into_inner);
    let start = crate::world::START;
    let line = |at: Timestamp, text: String| (at, format!("{:>9} {text}", at.ms_since(start)));
    let trace = tables.trace().iter().map(|l| {
        let of = l.conversation.map(|c| c.to_string()).unwrap_or_default();
        line(l.at, format!("{of} {}: {}", l.kind, l.text))
    });
    let arrived = world.arrived.iter().map(|a| {
        line(
            a.at,
            format!("PHONE {} {} `{}`", a.channel, a.delivery, a.text),
        )
    });
    let dead = tables.dead().map(|d| {
        line(
            d.at,
            format!("DEAD {:?} `{}`: {}", d.delivery, d.content, d.reason),
        )
    });
    let crashes = world
        .crashed_at
        .iter()
        .map(|at| line(*at, "CRASH".to_owned()));
    let mut lines: Vec<_> = trace.chain(arrived).chain(dead).chain(crashes).collect();
    lines.sort_by_key(|(at, _)| *at);
    let mut story: Vec<String> = lines.into_iter().map(|(_, text)| text).collect();
    for (id, session) in &world.sessions {
        let said = world.agents_said.get(id);
        story.push(format!(
            "{id} of {} got {:?}, its agent said {said:?}",
            session.customer, session.got
        ));
    }
    story.push(format!("customers said {:?}", world.customers_said));
    story.extend(tables.sent().map(|delivery| {
        let words = delivery_words(&delivery.payload);
        format!("{} was {:?} `{words}`", delivery.id, delivery.lane())
    }));
    story.join("\n")
}

fn is_word_of_command(text: &str) -> bool {
    text == "stop" || text == "start"
}

/// Not a word of command (those may come often), not a line of ours.
fn is_message(text: &str) -> bool {
    !is_word_of_command(text) && !text.starts_with(['[', 'T'])
}

fn token(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

/// H1, H6: what a customer said reached an agent or a bot, or is a dead letter.
fn customers_words_arrive(world: &World, tables: &Tables) -> Vec<String> {
    // Also within a transcript of what a bot was told, or could not be.
    let agents = |text: &str| {
        let mut read = world.sessions.values().flat_map(|session| {
            // Who leaves does not wait for an agent to read what they said.
            if left(&session.customer, tables) {
                &session.got
            } else {
                session.read()
            }
        });
        read.any(|read| read.contains(token(text)))
    };
    let bots = |text: &str| {
        let mut heard = world.bots_heard.iter();
        heard.any(|(_, heard)| heard.contains(token(text)))
    };
    // A bot that failed after its customer had left answers nobody.
    let stays = |address: &&String| {
        let late = |text: &str| text.starts_with("too late: a report for");
        !(left(address, tables) && lines_of(address, tables).any(late))
    };
    let said = world
        .customers_said
        .iter()
        .filter(|(address, _)| stays(address));
    said.flat_map(|(_, said)| said)
        .filter(|text| !is_word_of_command(text))
        .filter(|text| !agents(text) && !bots(text))
        .filter(|text| !tables.dead().any(|dead| holds(&dead.content, text, tables)))
        .map(|text| format!("H6: `{text}` of a customer is lost"))
        .collect()
}

/// Whether a dead letter holds these words, or names the settled delivery that the trace shows them in.
fn holds(content: &str, text: &str, tables: &Tables) -> bool {
    let delivery = content.strip_prefix("[the message of delivery ");
    let delivery = delivery.and_then(|rest| rest.strip_suffix(']'));
    content.contains(text)
        || delivery
            .and_then(|delivery| tables.said_in(delivery.parse().ok()?))
            .is_some_and(|said| said.contains(text))
}

/// H2: nothing reaches agents twice, but where an outcome was unknown; then the trace says so.
fn customers_words_come_once(world: &World, tables: &Tables) -> Vec<String> {
    if world.replayed {
        return Vec::new();
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // What waited for an agent who never came is given to the next, and in doubt what crossed with the transfer to the queue.
    let answered = world.sessions.values();
    for session in answered.filter(|session| session.read.is_none()) {
        let messages = session.read().iter().filter(|text| is_message(text));
        for text in messages {
            *counts.entry((&session.customer, text)).or_default() += 1;
        }
    }
    let mut twice: BTreeMap<&str, usize> = BTreeMap::new();
    for ((customer, _), _) in counts.into_iter().filter(|(_, count)| *count > 1) {
        *twice.entry(customer).or_default() += 1;
    }
    // A conversation of an ECE that was called otherwise for a while is over here, and goes on there when it has its name back.
    let was_renamed = |customer: &str| lines_of(customer, tables).any(|t| t.contains(RENAMED));
    twice
        .into_iter()
        .filter(|(customer, _)| !was_renamed(customer))
        .filter_map(|(customer, twice)| {
            let marks = marks_of(customer, tables);
            (twice > marks).then(|| {
                format!("H2: agents got {twice} messages of {customer} twice, {marks} are marked")
            })
        })
        .collect()
}

/// Deliveries of this customer whose trace tells of an unknown outcome.
fn marks_of(address: &str, tables: &Tables) -> usize {
    let lines = lines_of(address, tables).filter(|text| text.contains("unknown"));
    let deliveries: BTreeSet<&str> = lines.filter_map(|text| text.split(':').next()).collect();
    deliveries.len()
}

fn left(address: &str, tables: &Tables) -> bool {
    lines_of(address, tables).any(|text| text == "closed: the customer left")
}

fn found_ece_closed(address: &str, tables: &Tables) -> bool {
    lines_of(address, tables).any(|text| text.contains("the conversation is over in ECE"))
}

/// The trace of all conversations of this customer.
fn lines_of<'a>(address: &str, tables: &'a Tables) -> impl Iterator<Item = &'a str> {
    let ids: Vec<CustomerId> = tables
        .customers()
        .filter(|(_, addresses)| addresses.iter().any(|known| known.value == address))
        .map(|(customer, _)| customer.id)
        .collect();
    let mine = tables.trace().iter().filter(move |line| {
        line.conversation
            .is_some_and(|conversation| ids.contains(&conversation.customer))
    });
    mine.map(|line| line.text.as_str())
}

/// H3: each agent's screen shows what the customer said in the order said. What ECE did not take because it had closed joins
/// a later conversation, behind what was said there.
fn customers_words_keep_their_order(world: &World, tables: &Tables) -> Vec<String> {
    let mut wrong = Vec::new();
    let in_order = world.sessions.iter().filter(|_| !world.replayed);
    for (id, session) in in_order {
        let said = world.customers_said.get(&session.customer);
        let position = |text: &String| said.and_then(|said| said.iter().position(|s| s == text));
        let messages = session.got.iter().filter(|text| is_message(text));
        let order: Vec<usize> = messages.filter_map(position).collect();
        if !order.is_sorted() && !found_ece_closed(&session.customer, tables) {
            wrong.push(format!("H3: {id} got {:?}", session.got));
        }
    }
    wrong
}

/// H6: what an agent said reached the phone, or is a dead letter, or came too late for its conversation, which the trace says,
/// or was kept back because the customer had opted out, which the trace says.
fn agents_words_arrive(world: &World, tables: &Tables) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, said) in &world.agents_said {
        let too_late = format!("too late: news of ECE's conversation {id}");
        let late = tables
            .trace()
            .iter()
            .any(|line| line.text.contains(&too_late));
        let unknown = !tables.knows_session(id);
        let customer = world.sessions.get(id).map(|session| &session.customer);
        let told = customer.is_some_and(|customer| {
            lines_of(customer, tables).any(|text| {
                text == "kept back: the customer opted out"
                    || text == "an agent's file was not fetched before the conversation went on"
            })
        });
        for text in said {
            let parts = parts(text);
            let arrived = parts
                .iter()
                .all(|part| world.arrived.iter().any(|a| a.text == *part));
            let dead = tables.dead().any(|dead| dead.content == *text);
            let refused = format!("rejected {text}");
            let refused = session_got(world, id).contains(&refused);
            if !(arrived || dead || late || unknown || told || refused) {
                wrong.push(format!("H6: `{text}` of an agent is lost"));
            }
        }
    }
    wrong
}

fn session_got<'a>(world: &'a World, id: &EceSession) -> &'a [String] {
    let session = world.sessions.get(id);
    session.map_or(&[], |session| &session.got)
}

/// Nobody reads what another customer said, or what an agent said to another.
fn words_are_their_own(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, session) in &world.sessions {
        let own = format!("#{}-", session.customer.trim_start_matches('n'));
        let strange = session.got.iter().find(|text| {
            let words = text.split(['#']).skip(1);
            let mut words = words.map(|word| format!("#{word}"));
            words.any(|word| !word.starts_with(&own))
        });
        if let Some(strange) = strange {
            wrong.push(format!("{id} of {} got `{strange}`", session.customer));
        }
    }
    wrong
}

/// H6: what a provider took and could not deliver is a dead letter.
fn undelivered_is_kept(world: &World, tables: &Tables) -> Vec<String> {
    let kept: BTreeSet<DeliveryId> = tables.dead().filter_map(|dead| dead.delivery).collect();
    let lost = world.undelivered.difference(&kept);
    lost.map(|delivery| format!("H6: {delivery} was not delivered, and no dead letter says so"))
        .collect()
}

/// H3: a phone shows what an agent said in the order said.
fn agents_words_keep_their_order(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let in_order = world.agents_said.iter().filter(|_| !world.replayed);
    for (id, said) in in_order {
        let mut seen = BTreeSet::new();
        let order: Vec<usize> = world
            .arrived
            .iter()
            .filter(|arrived| seen.insert(arrived.text.clone()))
            .filter_map(|arrived| said.iter().position(|text| *text == arrived.text))
            .collect();
        if !order.is_sorted() {
            wrong.push(format!("H3: the words of {id} arrived as {order:?}"));
        }
    }
    wrong
}

/// H2: nothing arrives twice: never where the provider can be asked, else only when the trace tells of an unknown outcome.
fn phones_ring_once(world: &World, tables: &Tables) -> Vec<String> {
    if world.replayed {
        return Vec::new();
    }
    let mut counts: BTreeMap<(DeliveryId, &str, bool), usize> = BTreeMap::new();
    for arrived in &world.arrived {
        let probing = arrived.channel.as_str() == PROBING;
        let key = (arrived.delivery, arrived.text.as_str(), probing);
        *counts.entry(key).or_default() += 1;
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    twice
        .filter(|((delivery, _, probing), _)| *probing || !is_marked(*delivery, tables))
        .map(|((delivery, text, _), count)| {
            format!("H2: {delivery} `{text}` arrived {count} times")
        })
        .collect()
}

fn is_marked(delivery: DeliveryId, tables: &Tables) -> bool {
    let name = format!("{delivery}: ");
    tables
        .trace()
        .iter()
        .any(|line| line.text.starts_with(&name) && line.text.contains("unknown"))
}

/// H13: one welcome a conversation.
fn welcomes_come_once(world: &World) -> Vec<String> {
    let mut welcomes: BTreeMap<_, BTreeSet<DeliveryId>> = BTreeMap::new();
    for arrived in world.arrived.iter().filter(|a| a.text == WELCOME) {
        welcomes
            .entry(arrived.delivery.conversation)
            .or_default()
            .insert(arrived.delivery);
    }
    welcomes
        .into_iter()
        .filter(|(_, deliveries)| deliveries.len() > 1)
        .map(|(conversation, _)| format!("H13: {conversation} was welcomed twice"))
        .collect()
}

/// H13: one survey a conversation: its question goes out once, however often the bot's turn was made.
fn surveys_come_once(world: &World) -> Vec<String> {
    let asked = |conversation: &trunkline_core::id::ConversationId| {
        let deliveries: BTreeSet<DeliveryId> = world
            .arrived
            .iter()
            .filter(|a| a.text == "how was it?" && a.delivery.conversation == *conversation)
            .map(|a| a.delivery)
            .collect();
        deliveries.len()
    };
    let surveys: BTreeSet<_> = world.surveys.iter().collect();
    surveys
        .into_iter()
        .filter(|conversation| asked(conversation) > 1)
        .map(|conversation| format!("H13: {conversation} had two surveys"))
        .collect()
}
