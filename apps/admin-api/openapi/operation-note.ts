/** What the document says of an operation beyond its schemas. */
export interface OperationNote {
  /** The operation's id: what generated clients name it by. */
  id: string;
  summary: string;
  /** Whether its answer carries the resource's version in the ETag. */
  versioned?: boolean;
  /** A request body that would be taken. */
  body?: unknown;
  /** The same in YAML, for an operation that takes it: the document itself. */
  yaml?: unknown;
  /** What it would be answered with; left out where the answer has no body. */
  answer?: unknown;
  /** The same by media type, where an answer has several. */
  answersByType?: Record<string, unknown>;
  /** What it would be answered with otherwise, by status, where there are several. */
  alsoAnswers?: Record<number, unknown>;
}

/** What stands in the paths of a resource, by the name of its place, such as `id`. */
export type PathExamples = Record<string, string>;

/** Notes by controller and method, such as `Webhooks.create`. */
export type OperationNotes = Record<string, OperationNote>;
