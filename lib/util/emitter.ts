type Arguments<Listener> = Listener extends (...args: infer Args) => void ? Args : never;

/**
 * An emitter of eventemitter3 with typed events. Its own declarations would be part of the published ones, which may not
 * need another package.
 */
export interface Emitter<Events> {
  on<E extends keyof Events>(event: E, listener: Events[E]): unknown;
  once<E extends keyof Events>(event: E, listener: Events[E]): unknown;
  off<E extends keyof Events>(event: E, listener: Events[E]): unknown;
  emit<E extends keyof Events>(event: E, ...args: Arguments<Events[E]>): boolean;
  listenerCount(event: keyof Events): number;
}
