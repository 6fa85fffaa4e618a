import { Body, Get, Post } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { BodyText } from '../http/json-body.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { formatsOnOffer } from './formats-on-offer.js';
import { PreviewRequests } from './preview-requests.js';
import {
  formatList,
  shownTransform,
  triedTransform,
  wantedPreview,
  webhookPreview,
  type TriedTransform,
  type WantedPreview,
} from './preview-schemas.js';

@Resource('webhooks')
export class WebhookPreviewsController {
  constructor(private readonly previews: PreviewRequests) {}

  @Post(':id/preview')
  @Answers(200, 'What would be sent, and whether it would be', webhookPreview, [
    'webhook_not_found',
    'event_not_found',
    'event_rejected',
    'payload_expired',
    'no_dispatcher',
    'bus_unavailable',
  ])
  preview(
    @CallerOf() { tenant }: Caller,
    @PathId() id: string,
    @Body({ schema: wantedPreview.prefault({}) }) wanted: WantedPreview,
    @BodyText() text: string,
  ) {
    return this.previews.ofWebhook(tenant, id, wanted, text);
  }
}

@Resource('transforms')
export class TransformsController {
  constructor(private readonly previews: PreviewRequests) {}

  @Post('try')
  @Answers(200, 'What came of it, its failure too', shownTransform, ['no_dispatcher', 'bus_unavailable'])
  async try(
    @CallerOf() { tenant }: Caller,
    @Body({ schema: triedTransform }) wanted: TriedTransform,
    @BodyText() text: string,
  ) {
    const preview = await this.previews.ofTransform(tenant, wanted, text);
    const { request: after, dropped, error, console, transform_ms: duration_ms } = preview;
    const before = wanted.transform === null ? after : preview.before;
    return { before, after, dropped, error, console, duration_ms };
  }
}

@Resource('formats')
export class FormatsController {
  @Get()
  @Answers(200, 'The built-in formats, each with a sample', formatList)
  list() {
    return { data: formatsOnOffer() };
  }
}
