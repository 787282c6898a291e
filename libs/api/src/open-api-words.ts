/**
 * What each field of a request or a reply is for, in a few words: they stand in openapi.json and in the
 * reference. Must name every field that there is and no other; a spec holds both against each other.
 */

type Words = Readonly<Record<string, string>>;

const message: Words = {
  to: '`user:<name>`, a list of these, `topic:<name>` or `all`',
  event: 'What it is about; handlers of the page are chosen by it',
  data: 'Any JSON of at most 64 KiB and 32 levels',
  notification: 'What a device shows of it',
  'notification.title': 'The first line',
  'notification.body': 'The text',
  'notification.url': 'Where a tap leads: http, https or relative to the page',
  ttl: 'How long it is worth showing: seconds, or `30m`, `28d`; 7 days without it; 0: for who is there now',
  delay: 'Deliver it so much later; as `ttl`, at most 90 days. `ttl` counts from then',
  sendAt: 'Deliver it at this time; instead of `delay`',
  collapseKey: 'It replaces older messages with the same key that nobody was given yet',
  externalId: 'Your own id of it, for finding it again',
  metadata: 'At most 32 short texts that come back with the message',
};

const accepted: Words = {
  status: 'accepted, or scheduled where it waits for its time',
  id: 'The id of the message',
  recipients: 'Users that are named, each once; a topic or all counts as one',
  acceptedAt: 'When it was durable',
  sendAt: 'When it is going to be delivered, where it waits',
  expiresAt: 'When it is not shown any more',
};

/** By component, then by the field's path. */
export const fieldWords: Readonly<Record<string, Words>> = {
  MessageRequest: message,
  BatchItem: { ...message, idempotencyKey: 'As the header Idempotency-Key, for this message' },
  BatchRequest: { messages: 'In the order in which they are answered' },
  MessageReply: { ...accepted, links: 'Where it is found' },
  MessageLinks: { self: 'The message', deliveries: 'A template (RFC 6570): put the name of a user into it' },
  BatchReply: {
    summary: 'How many of which',
    'summary.accepted': 'Durable',
    'summary.refused': 'Not stored',
    results: 'One for each message, in order',
  },
  BatchResult: {
    ...accepted,
    status: 'accepted, scheduled or refused',
    replayed: 'The key was known: this is the answer of then',
    error: 'Why it was refused',
    'error.code': 'As in a problem',
    'error.title': 'What the code says',
    'error.detail': 'What to do, for people',
    'error.retryable': 'The same may succeed later',
    'error.errors': 'Every wrong field',
  },
  RecallReply: {
    id: 'The id of the message',
    recalled: 'It had been sent, and is removed now',
    cancelled: 'It had not been sent yet, and never will be',
    alreadySeenBy: 'Devices that had been sent it before, at most 1,000',
    'alreadySeenBy.user': 'Whose device',
    'alreadySeenBy.device': 'Absent for a device without a name',
  },
  MessageAnswer: {
    id: 'The id of the message',
    event: 'As it was posted',
    status: 'Where the message stands as a whole',
    recipients: 'Users that are named, each once; a topic or all counts as one',
    counts: 'Its users by the status of their furthest delivery; absent for a topic and for all',
    acceptedAt: 'When it was durable',
    sendAt: 'Its time, where it had to wait',
    expiresAt: 'When it is not shown any more',
    externalId: 'As it was posted',
    metadata: 'As it was posted',
    links: 'Where it is found',
  },
  DeliveryAnswer: {
    summary: 'The answer in one sentence for people',
    message: 'The id of the message',
    user: 'The user',
    event: 'As it was posted',
    status: 'Of the device that came furthest',
    reason: 'Why it is not delivered',
    acceptedAt: 'When it was durable',
    expiresAt: 'When it is not shown any more',
    readAt: 'When the page said that the user has read it',
    devices: 'What is known of each device of the user',
    timeline: 'What happened, in order of time',
  },
  DeviceDelivery: {
    device: 'Absent for a connection that named none',
    app: 'What the page says it is',
    status: 'Where the delivery stands',
    reason: 'Why it is not delivered',
    connection: 'Where it was sent last',
    node: 'Where it was sent last',
    sentAt: 'When it was sent first',
    deliveredAt: 'When the handler of the page had run',
    way: 'How it reached the socket: live, on resume, or found by comparison',
  },
  TimelineEvent: {
    at: 'When',
    event: 'What happened',
    node: 'On which node',
    device: 'Of which device',
    connection: 'On which connection',
    seq: 'Its place in the log',
    way: 'How it reached the socket',
    closeCode: 'Why the connection ended',
  },
  MembersRequest: {
    remove: 'Users that are no members afterwards',
    add: 'Users that are members afterwards',
  },
  MembersReply: {
    topic: 'The topic',
    members: 'By name',
    'members.user': 'The name of the user',
    'members.joinedAt': 'When the membership was made',
    next: 'The `after` of the next page; absent on the last one',
  },
  TopicsReply: { topics: 'By name', next: 'The `after` of the next page; absent on the last one' },
  TokenRequest: {
    user: 'Whose token',
    device: 'Binds the token to one device of the user',
    topics: 'Topics that pages may subscribe to: names, or beginnings followed by `*`; none without it',
    ttl: 'How long it is good: seconds, or `30s`, `15m`; from 1 s to 15 minutes',
  },
  TokenReply: { token: 'For the page of this user', expiresAt: 'When the page needs a new one' },
  Jwks: {
    keys: 'Every key whose tokens are still good',
    'keys.kid': 'The id that tokens name',
    'keys.kty': 'RFC 7517',
    'keys.alg': 'RFC 7517',
    'keys.use': 'RFC 7517',
  },
  Problem: {
    type: 'The page that explains the code, on this server',
    title: 'What the code says',
    status: 'The status of the answer',
    detail: 'What to do, for people',
    code: 'What is wrong; never renamed',
    errors: 'Every wrong field at once',
    requestId: 'Finds this request in the logs',
    retryable: 'The same request may succeed later',
  },
  FieldFault: {
    pointer: 'A JSON Pointer (RFC 6901) into the body, or the name of a header',
    code: 'What is wrong with it',
    detail: 'What is allowed',
  },
  OpenApi: {
    openapi: 'The version',
    info: 'What this is',
    'info.title': 'Its name',
    'info.version': 'Of the API',
  },
  AsyncApi: {
    asyncapi: 'The version',
    info: 'What this is',
    'info.title': 'Its name',
    'info.version': 'Of the API',
  },
};

/** Query parameters, by name. */
export const queryWords: Words = {
  after: 'The `next` of the page before',
  limit: 'How many at most: 1 to 1,000, 100 without it',
};
