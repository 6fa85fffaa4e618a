import { credential, type TemplateField, type WebhookTemplate } from '../webhook-template.js';

const project: TemplateField = {
  name: 'project_id',
  title: 'Project id',
  description: 'The number of the project.',
  required: true,
  secret: false,
  example: '12345',
};

export const gitlabPipeline: WebhookTemplate = {
  title: 'GitLab pipeline',
  description: 'Starts a pipeline of a project on gitlab.com, with type and id of the event as variables.',
  category: 'automation',
  documentation: 'https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline',
  fields: [
    project,
    { ...project, name: 'ref', title: 'Branch or tag', description: 'What is built.', example: 'main' },
    credential('token', 'Token', 'An access token with the scope `api`.', 'glpat-XXXXXXXXXXXXXXXXXXXX'),
  ],
  webhook: {
    url: 'https://gitlab.com/api/v4/projects/<<project_id>>/pipeline?ref=<<ref>>',
    auth: { type: 'api_key', key: '<<token>>', header_name: 'PRIVATE-TOKEN' },
    format: {
      body: `{
  "variables": [
    { "key": "TIDINGS_EVENT_TYPE", "value": {{ type }} },
    { "key": "TIDINGS_EVENT_ID", "value": {{ id }} }
  ]
}`,
    },
  },
};
