/** An operation of the OpenAPI document, as far as we say something of it. */
export interface DescribedOperation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name?: string; in?: string; $ref?: string; schema?: object; required?: boolean }[];
  requestBody?: { required?: boolean; content: Record<string, DescribedBody> };
  responses: Record<string, DescribedAnswer>;
  'x-problems'?: string[];
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
