/** An operation of the OpenAPI document, as far as we say something of it. */
export interface DescribedOperation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: DescribedParameter[];
  requestBody?: { required?: boolean; content: Record<string, DescribedBody> };
  responses: Record<string, DescribedAnswer | Reference>;
  'x-problems'?: string[];
}

/** To a part of the document. */
export interface Reference {
  $ref: string;
}

export interface DescribedParameter {
  $ref?: string;
  name?: string;
  in?: string;
  required?: boolean;
  schema?: { example?: unknown; description?: string };
  example?: unknown;
}

export interface DescribedBody {
  schema?: object;
  example?: unknown;
}

export interface DescribedAnswer {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, DescribedBody>;
}
