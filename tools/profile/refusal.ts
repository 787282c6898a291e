// What is told to a person who asked for something that cannot be done.

/** Its message is a whole sentence that says what to do; nothing else of it is printed. */
export class Refusal extends Error {
  /** 2: asked wrongly; 1: could not be done. */
  readonly exitCode: 1 | 2;

  constructor(sentence: string, exitCode: 1 | 2 = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
