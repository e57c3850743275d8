/** A lock, a permit or an unacknowledged item that a client holds. */
export interface Hold {
  /** The call that acquired it, if cancelling that call gives it back. */
  readonly callId?: number;
  /** Restores the state from before it was acquired. */
  giveBack(): void;
  /** Lets waiting calls have it. */
  serve(): void;
}

/** Everything that one client holds. All of it goes back when the client's process dies or disconnects. */
export class Holds {
  readonly #held = new Set<Hold>();

  add(hold: Hold): void {
    this.#held.add(hold);
  }

  delete(hold: Hold): void {
    this.#held.delete(hold);
  }

  giveBackAll(): void {
    giveBack([...this.#held]);
  }

  /** Gives back what cancelled calls acquired: their clients ignore the answers that are already on the way. */
  giveBackFrom(callIds: ReadonlySet<number>): void {
    giveBack([...this.#held].filter(({ callId }) => callId !== undefined && callIds.has(callId)));
  }
}

/** The newest first, which restores the old order. Waiting calls are served after that, so that they see that order. */
function giveBack(holds: readonly Hold[]): void {
  for (const hold of holds.toReversed()) hold.giveBack();
  for (const hold of holds) hold.serve();
}
