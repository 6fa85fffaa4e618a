import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ApiDocument } from './document-for-tests.js';

/** Checks values against schemas of the document; the answer is what is wrong, null when nothing is. */
export class DocumentSchemas {
  // Formats stand beside patterns, which are checked.
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

  constructor(document: ApiDocument) {
    this.ajv.addSchema({ $id: 'urn:tidings:openapi', components: document.components });
  }

  faultsOf(schema: object, value: unknown): string | null {
    const text = JSON.stringify(schema).replaceAll('"#/', '"urn:tidings:openapi#/');
    const check = this.ajv.compile(JSON.parse(text) as object);
    return check(value) ? null : this.ajv.errorsText(check.errors, { separator: '\n' });
  }
}
