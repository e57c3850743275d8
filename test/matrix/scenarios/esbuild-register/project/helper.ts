export enum Sign {
  Plus = 1,
}
