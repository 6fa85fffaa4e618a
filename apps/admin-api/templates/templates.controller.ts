import { Body, Get, Post } from '@nestjs/common';
import type { Fault } from '#domain';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { PathId } from '../http/path-id.js';
import { created } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { invalidRequest, Problem } from '../problems/problem.js';
import { schemaFaults } from '../problems/schema-faults.js';
import { ProveOwnership } from '../webhooks/prove-ownership.js';
import { WebhookChanges } from '../webhooks/webhook-changes.js';
import { createdWebhookView, newWebhook, type NewWebhook } from '../webhooks/webhook-schemas.js';
import { webhookViewOf } from '../webhooks/webhook-view.js';
import { DIRECTORY } from './directory/directory.js';
import { fieldFaults, fillTemplate } from './fill-template.js';
import { filledTemplate, templateList, templateView, type FilledTemplate } from './template-schemas.js';
import type { WebhookTemplate } from './webhook-template.js';

@Resource('templates')
export class TemplatesController {
  constructor(
    private readonly changes: WebhookChanges,
    private readonly ownership: ProveOwnership,
  ) {}

  @Get()
  @Answers(200, 'Every ready-made webhook', templateList)
  list() {
    return {
      data: Array.from(DIRECTORY, ([id, template]) => ({ id, ...template })),
      next_cursor: null,
    };
  }

  @Get(':id')
  @Answers(200, 'The ready-made webhook', templateView, ['template_not_found'])
  one(@PathId() id: string) {
    return { id, ...templateOf(id) };
  }

  @Post(':id/webhooks')
  @Answers(201, 'The webhook, and its secret for the only time', createdWebhookView, [
    'template_not_found',
    'webhook_name_taken',
    'webhook_limit_reached',
    'sandbox_unavailable',
  ])
  async create(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @Body({ schema: filledTemplate }) wanted: FilledTemplate,
  ) {
    const filled = filledWith(templateOf(id), wanted);
    const { webhook: saved, secret } = await this.changes
      .create(caller, read(filled))
      .catch((error: unknown) => {
        throw error instanceof Problem && error.code === 'invalid_request'
          ? invalidRequest(atFields(error.details.errors ?? [], filled))
          : error;
      });
    const webhook = await this.ownership.tryToProve(caller, saved);
    return created(webhook, { ...webhookViewOf(webhook), secret }, `webhooks/${webhook.id}`);
  }
}

function templateOf(id: string): WebhookTemplate {
  return found(
    DIRECTORY.get(id) ?? null,
    () => new Problem('template_not_found', { detail: `There is no template ${id}.` }),
  );
}

interface FilledWith {
  /** The body of a POST of a webhook. */
  body: Record<string, unknown>;
  /** Which field a member of it was made of, by the member's path. */
  madeOf: ReadonlyMap<string, string>;
}

/** @throws Problem 422 at what is wrong with the values of fields */
function filledWith(template: WebhookTemplate, { fields, ...own }: FilledTemplate): FilledWith {
  const faults = fieldFaults(template.fields, fields);
  if (faults.length > 0) throw invalidRequest(faults);
  const { webhook, madeOf } = fillTemplate(template, fields);
  const body = { name: template.title, event_types: ['*'], ...webhook, ...own };
  return {
    body: Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)),
    madeOf: new Map([...madeOf].filter(([path]) => !((path.split('.')[0] ?? '') in own))),
  };
}

/** @throws Problem 422; what came of a field is told at the field */
function read(filled: FilledWith): NewWebhook {
  const result = newWebhook.safeParse(filled.body);
  if (result.success) return result.data;
  throw invalidRequest(atFields(schemaFaults(result.error.issues), filled));
}

function atFields(faults: readonly Fault[], { madeOf }: FilledWith): Fault[] {
  return faults.map((fault) => {
    const field = madeOf.get(fault.path);
    return field === undefined ? fault : { ...fault, path: `fields.${field}` };
  });
}
