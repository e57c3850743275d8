/** An item and its neighbours. */
export interface Node<T> {
  readonly item: T;
  previous: Node<T> | undefined;
  next: Node<T> | undefined;
  isListed: boolean;
}

/** A doubly linked list: adding, and removing at any position, take constant time. */
export class LinkedList<T> {
  size = 0;
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  push(item: T): Node<T> {
    const node: Node<T> = { item, previous: this.#last, next: undefined, isListed: true };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.size++;
    return node;
  }

  unshift(item: T): void {
    const node: Node<T> = { item, previous: undefined, next: this.#first, isListed: true };
    if (this.#first === undefined) this.#last = node;
    else this.#first.previous = node;
    this.#first = node;
    this.size++;
  }

  get first(): T | undefined {
    return this.#first?.item;
  }

  shift(): T | undefined {
    return this.#first && this.remove(this.#first);
  }

  pop(): T | undefined {
    return this.#last && this.remove(this.#last);
  }

  /** The loop may remove the current item. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let node = this.#first; node !== undefined; node = node.next) yield node.item;
  }

  /** Removing a node twice has no effect. */
  remove(node: Node<T>): T {
    if (!node.isListed) return node.item;
    node.isListed = false;
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    this.size--;
    return node.item;
  }
}
