// Everything that no public source settles about ECE, by the numbers of the reference's list.
//
// A setting has a path below the variants, or below the webhook when `webhook` is set, and a kind:
// `choice` (one of the options, each with what it means), `word`, `refusal`, `limit` (a number or
// nothing), `names` (a list or anything) and `textLimit`. Defaults come from the stand-in itself.

const yesNo = (yes, no) => [
  { value: true, means: yes },
  { value: false, means: no },
];

const word = (group, name, label, aliases = []) => ({ path: [group, name], kind: "word", label, aliases });

const refusal = (name, label) => ({ path: [name], kind: "refusal", label });

const statuses = (...known) => known.map(([value, means]) => ({ value, means }));

export const UNKNOWNS = [
  {
    number: 1,
    title: "Words for the kinds of callbacks",
    about: "type.value of each callback. Only complete, the texts and typing were seen; the rest is the best guess. A client should know the aliases.",
    settings: [
      word("type_names", "assigned", "An agent has it", ["assign", "agentAssigned", "agentJoin", "agent.join", "agentPickup"]),
      word("type_names", "transfer", "Transferred", ["transferred", "activityTransfer", "queue.transfer", "agent.transfer"]),
      word("type_names", "page_push", "Page pushed", ["pagePushLink", "page.push"]),
      word("type_names", "upload_attachment", "Agent sends a file", ["agentinitiateattachment"]),
      word("type_names", "accept_attachment", "Agent took the file", ["acceptcustattachment"]),
      word("type_names", "reject_attachment", "Agent refused the file", ["rejectcustattachment"]),
      word("type_names", "start_typing", "Agent types", ["typing.start", "typingStart"]),
      word("type_names", "end_typing", "Agent stopped typing", ["typing.end", "typingEnd", "stopTyping"]),
      word("type_names", "complete", "Ended", ["completed", "conversation.end", "endConversation"]),
    ],
  },
  {
    number: 2,
    title: "How a transfer tells queue from agent",
    about: "Texts of callbacks: {0} is the agent, queue or department, {1} the file. An administrator can replace them; try another language, or leave them blank.",
    settings: [
      {
        path: ["transfer_type_member"],
        kind: "choice",
        label: "Member transferType",
        options: yesNo("The callback says agent, queue or department in a member of its own.", "Only the text tells."),
      },
      word("texts", "transfer_agent", "To an agent"),
      word("texts", "transfer_queue", "To a queue"),
      word("texts", "transfer_department", "To a department"),
      word("texts", "assigned", "An agent has it"),
      word("texts", "accepted", "Agent took the file"),
      word("texts", "rejected", "Agent refused the file"),
      word("texts", "ended_by_agent", "Ended by the agent"),
      word("texts", "ended_by_system", "Ended by ECE"),
    ],
  },
  {
    number: 3,
    title: "Members of sender.user",
    about: "How a callback names the agent, for a user ann shown as Ann Lee.",
    settings: [
      {
        path: ["sender_user"],
        kind: "choice",
        label: "Members",
        options: [
          { value: "screen_name", means: "id, screenName and userName." },
          { value: "name", means: "name alone." },
          { value: "first_last", means: "firstName and lastName." },
          { value: "id", means: "id alone: a number that says nothing to a customer." },
          { value: "absent", means: "No user at all." },
        ],
      },
    ],
  },
  {
    number: 4,
    title: "The call that ends a conversation",
    about: "That it exists was seen, its path and body were not. POST and PUT are both taken.",
    settings: [
      {
        path: ["end_call"],
        kind: "choice",
        label: "Spelling",
        options: [
          { value: "any", means: "All of them." },
          { value: "body", means: "…/conversation/end with the id in the body; the other is 404." },
          { value: "path", means: "…/conversation/{id}/end; the other is 404." },
        ],
      },
      {
        path: ["end_status"],
        kind: "choice",
        label: "Status of success",
        options: statuses([200, "With a body."], [201, "With a body."], [202, "With a body."], [204, "Without one."]),
      },
      {
        path: ["complete_after_end"],
        kind: "choice",
        label: "Afterwards",
        options: yesNo("A complete is called back, as for any other end.", "Nothing is called back: the client knows."),
      },
    ],
  },
  {
    number: 5,
    title: "How a client asks for typing",
    about: "It is chosen at the start of a conversation; the member's name is not known. Holds for conversations that begin from now on.",
    settings: [
      {
        path: ["typing"],
        kind: "choice",
        label: "Typing of agents",
        options: [
          { value: "when_asked", means: "Called back when the start holds a member with typing in its name and a true value." },
          { value: "always", means: "Always called back." },
          { value: "never", means: "Never called back." },
        ],
      },
    ],
  },
  {
    number: 6,
    title: "What refusals look like",
    about: "Status and code of each refusal. 400, 403, 404, 409 and 500 are all plausible.",
    settings: [
      {
        path: ["no_agent"],
        kind: "noAgent",
        label: "Start without an agent",
        options: [
          { value: "refuse", means: "The start is refused, as below." },
          { value: "complete_unassigned", means: "The start succeeds, and complete follows without any assigned." },
          { value: "queue", means: "The start succeeds and the customer waits." },
        ],
      },
      refusal("queue_full", "Start with a full queue"),
      refusal("inactive", "Inactive entry point"),
      refusal("deactivated", "Start while the webhook is deactivated"),
      refusal("finished", "Message to an ended conversation"),
      refusal("unknown_conversation", "Unknown conversation"),
      refusal("too_many_sessions", "Token with all sessions taken"),
      {
        path: ["error_member"],
        kind: "choice",
        label: "Member with the text",
        options: [
          { value: "developerMessage", means: "As most of the published errors." },
          { value: "message", means: "As some of them." },
        ],
      },
    ],
  },
  {
    number: 7,
    title: "Statuses of success",
    about: "A client should take any 2xx.",
    settings: [
      { path: ["start_status"], kind: "choice", label: "Start", options: statuses([201, "Created."], [200, "OK."]) },
      {
        path: ["send_status"],
        kind: "choice",
        label: "Send",
        options: statuses([200, "With a body."], [201, "With a body."], [202, "With a body."], [204, "Without one."]),
      },
    ],
  },
  {
    number: 8,
    title: "Format of callbacks",
    about: "An administrator chooses it with the registered application.",
    settings: [
      {
        webhook: true,
        path: ["format"],
        kind: "choice",
        label: "Document",
        options: [
          { value: "json", means: "Published." },
          { value: "xml", means: "Made from ECE's naming rules; no real one is public." },
        ],
      },
    ],
  },
  {
    number: 9,
    title: "Retries and deactivation of the webhook",
    about: "That ECE deactivates a failing webhook was seen; after how many failures was not.",
    settings: [
      { webhook: true, path: ["failures_max"], kind: "limit", label: "Failures in a row before it is deactivated", nothing: "never" },
      { webhook: true, path: ["timeout_ms"], kind: "number", label: "An answer later than this failed, ms" },
      { webhook: true, path: ["backoff_ms"], kind: "number", label: "First pause, ms; it doubles" },
      { webhook: true, path: ["backoff_max_ms"], kind: "number", label: "Longest pause, ms" },
      { webhook: true, path: ["batch_max"], kind: "number", label: "Messages in one POST, up to 1000" },
      {
        webhook: true,
        path: ["doubled"],
        kind: "choice",
        label: "Repeats",
        options: yesNo("Each POST comes again after it succeeded.", "Each POST comes once, unless it failed."),
      },
      {
        webhook: true,
        path: ["before_start_answer"],
        kind: "choice",
        label: "First events of a start",
        options: yesNo("They come before the start is answered.", "They come after it, by so many ms:"),
      },
      { webhook: true, path: ["after_start_answer_ms"], kind: "number", label: "ms after the answer" },
    ],
  },
  {
    number: 10,
    title: "Files that agents send",
    about: "The member with the file's address, and what a client must do to fetch it.",
    settings: [
      {
        path: ["file_url_member"],
        kind: "choice",
        label: "Member",
        options: [
          { value: "contentUrl", means: "As clients send it." },
          { value: "url", means: "As in eGain's cloud." },
          { value: "href", means: "As in eGain's other resources." },
        ],
      },
      { path: ["file_needs_bearer"], kind: "choice", label: "Token", options: yesNo("The download asks for the client's token.", "Anybody with the address gets it.") },
      {
        path: ["file_needs_accept"],
        kind: "choice",
        label: "Accept first",
        options: yesNo("Served after acceptAttachment only; 403 before.", "Served at once."),
      },
    ],
  },
  {
    number: 11,
    title: "searchContactOnAttribute",
    about: "Two values were seen: email.emailAddress and social.instagramId. Those of phones and other channels were not.",
    settings: [{ path: ["search_attributes"], kind: "names", label: "Taken", nothing: "any of the shape x.y", example: "email.emailAddress, phone.phoneNumber" }],
  },
  {
    number: 12,
    title: "Version in the paths",
    about: "v19 was seen; v15 and v20 are plausible.",
    settings: [{ path: ["api_version"], kind: "word", label: "The only version served", nothing: "any", aliases: ["v15", "v19", "v20"] }],
  },
  {
    number: 13,
    title: "Spelling of the status calls",
    about: "liveSessionStatus and chatAllowed were not seen on premises.",
    settings: [
      {
        path: ["status_paths_exact"],
        kind: "choice",
        label: "Case",
        options: yesNo("Only the reference's spelling; all else is 404.", "Any case."),
      },
    ],
  },
  {
    number: 14,
    title: "Whose name and password",
    about: "The client key and secret always work. Whether a user's login may do the same is not known.",
    settings: [
      {
        path: ["user_sessions_message"],
        kind: "choice",
        label: "A user's session",
        options: yesNo("It may use the messaging calls.", "It meets 401-102 there."),
      },
    ],
  },
  {
    number: 15,
    title: "Limits",
    about: "The longest text is not known. For a rate limit, add a fault: send, refuse, 429.",
    settings: [{ path: ["text_limit"], kind: "textLimit", label: "Longest text, characters", nothing: "no limit" }],
  },
];
