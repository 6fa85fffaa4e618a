import type { WebhookTemplate } from '../webhook-template.js';
import { cloudevents } from './cloudevents.js';
import { discord } from './discord.js';
import { genericApiKey } from './generic-api-key.js';
import { genericBasic } from './generic-basic.js';
import { genericBearer } from './generic-bearer.js';
import { genericHmac } from './generic-hmac.js';
import { generic } from './generic.js';
import { githubDispatch } from './github-dispatch.js';
import { gitlabPipeline } from './gitlab-pipeline.js';
import { nexus } from './nexus.js';
import { notely } from './notely.js';
import { pagerduty } from './pagerduty.js';
import { ragChatbot } from './rag-chatbot.js';
import { slack } from './slack.js';
import { systemprompt } from './systemprompt.js';
import { taskflow } from './taskflow.js';
import { teams } from './teams.js';

/** The ready-made webhooks, by their ids: a new one is a file and a line here. */
export const DIRECTORY: ReadonlyMap<string, WebhookTemplate> = new Map(
  Object.entries({
    slack,
    discord,
    teams,
    pagerduty,
    'github-dispatch': githubDispatch,
    'gitlab-pipeline': gitlabPipeline,
    generic,
    'generic-bearer': genericBearer,
    'generic-api-key': genericApiKey,
    'generic-basic': genericBasic,
    'generic-hmac': genericHmac,
    cloudevents,
    'rag-chatbot': ragChatbot,
    systemprompt,
    taskflow,
    nexus,
    notely,
  }),
);
