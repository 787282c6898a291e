// What the devices of a run follow besides their own log: `all`, a topic that some ask for, one of which some
// were made members. Everybody follows before anything is posted.
const askedEvery = 3;
const memberEvery = 4;
const requestTimeoutMs = 10_000;
const attemptsMax = 20;
const retryMs = 250;

export class Following {
  /** By user, what is asked for. */
  readonly asked: Readonly<Record<string, readonly string[]>>;
  /** As the API and the frames name them. */
  readonly logs: readonly string[];
  private readonly members: readonly string[];
  private readonly memberTopic: string;
  private readonly followers: ReadonlyMap<string, number>;

  constructor(prefix: string, users: readonly string[]) {
    const [askedTopic, memberTopic] = [`${prefix}-asked`, `${prefix}-members`];
    const askers = users.filter((_, at) => at % askedEvery === 0);
    this.asked = Object.fromEntries(askers.map((user) => [user, [askedTopic]]));
    this.members = users.filter((_, at) => at % memberEvery === 0);
    this.memberTopic = memberTopic;
    this.logs = ['all', `topic:${askedTopic}`, `topic:${memberTopic}`];
    this.followers = new Map([
      ['all', users.length],
      [`topic:${askedTopic}`, askers.length],
      [`topic:${memberTopic}`, this.members.length],
    ]);
  }

  followersOf(log: string): number {
    return this.followers.get(log) ?? 0;
  }

  /** Makes the members. @throws Error when Collect does not */
  async enrol(collectUrl: string, key: string): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const response = await fetch(`${collectUrl}/v1/topics/${this.memberTopic}/members:batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ add: this.members }),
        signal: AbortSignal.timeout(requestTimeoutMs),
      }).catch(() => undefined); // asked again
      await response?.arrayBuffer();
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    throw new Error(`nobody became a member of ${this.memberTopic}`);
  }
}
