/** The tracks of one process in a trace. The slices of one track must not overlap. */
export class Tracks {
  /** The end of the last slice of each track. */
  readonly #ends: number[] = [];

  /**
   * Chooses a track for a slice. Slices must be added in the order of their ends.
   *
   * @param onNew - called if the track is new.
   * @returns the number of the track, from 1.
   */
  add(start: number, end: number, onNew: (name: string, track: number) => void): number {
    let track = -1;
    // The track that has been free for the shortest time: slices that started earlier may need the others.
    this.#ends.forEach((last, at) => {
      if (last <= start && (track === -1 || last > (this.#ends[track] as number))) track = at;
    });
    if (track === -1) {
      track = this.#ends.push(end) - 1;
      onNew(`slot ${track + 1}`, track + 1);
    }
    this.#ends[track] = Math.max(this.#ends[track] as number, end);
    return track + 1;
  }
}
