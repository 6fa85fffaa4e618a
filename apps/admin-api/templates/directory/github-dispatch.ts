import { credential, type TemplateField, type WebhookTemplate } from '../webhook-template.js';

const part = (name: string, title: string, example: string): TemplateField => ({
  ...{ name, title, example, required: true, secret: false },
  description: 'As it stands in the URL of the repository.',
});

/** GitHub takes ten members of `client_payload` at most: the event is one of them. */
export const githubDispatch: WebhookTemplate = {
  title: 'GitHub repository dispatch',
  description: 'Starts workflows of GitHub Actions that wait for `repository_dispatch`.',
  category: 'automation',
  documentation: 'https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event',
  fields: [
    part('owner', 'Owner', 'octocat'),
    part('repository', 'Repository', 'hello-world'),
    credential(
      'token',
      'Token',
      'A token that may write the contents of the repository.',
      'github_pat_11AAAAAAA0000000000000',
    ),
  ],
  webhook: {
    url: 'https://api.github.com/repos/<<owner>>/<<repository>>/dispatches',
    auth: { type: 'bearer', token: '<<token>>' },
    headers: { Accept: 'application/vnd.github+json', 'X-GitHub-Api-Version': '2022-11-28' },
    format: {
      body: `{
  "event_type": "{{ type | truncate: 100 }}",
  "client_payload": { "id": {{ id }}, "timestamp": {{ timestamp }}, "data": {{ data }} }
}`,
    },
  },
};
