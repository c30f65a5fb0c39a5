import { expect, test } from 'vitest'
import { readConfig } from '../../src/manifests/config.ts'
import { noCredentials, noRollback } from '../../src/manifests/config-delivery.ts'
import { renderProblem } from '../../src/manifests/problem.ts'

const app = { appId: 12, installationId: '34', privateKeyFile: '/k.pem' }

function read(engine: object, application: object = {}) {
  const { source = {}, ...spec } = application as { source?: object }
  const documents = [
    { apiVersion: 'berth.dev/v1', kind: 'Engine', metadata: { name: 'production' }, spec: engine },
    {
      ...{ apiVersion: 'berth.dev/v1', kind: 'Application', metadata: { name: 'shop' } },
      spec: { ...spec, source: { repoURL: 'https://git.example.com/acme/shop.git', ...source } },
    },
  ]
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n')
  const { config, problems } = readConfig({ path: 'berth.yaml', bytes: new TextEncoder().encode(text) })
  return { ...config, application: config.applications[0], problems: problems.map(renderProblem) }
}

test('everything between an application and its forge is read', () => {
  const { application, problems } = read(
    {},
    {
      source: {
        credentials: { githubApp: { ...app, apiURL: 'https://ghe.example.com/api/v3' }, caFile: '/ca.pem' },
        verify: { keys: ['/etc/keys.asc', 'ssh-ed25519 AAAAC3Nz ada'] },
      },
      rollback: {
        ...{ onFailure: 'pullRequest', observe: '5m', signingKeyFile: '/sign' },
        author: { name: 'Robot', email: 'robot@example.com' },
      },
      forge: { provider: 'github', tokenEnv: 'TOKEN', repository: 'acme/shop', deployments: true },
      report: { notes: true },
    },
  )
  expect(problems).toEqual([])
  expect(application).toMatchObject({
    credentials: {
      ...noCredentials,
      githubApp: { ...app, appId: '12', apiURL: 'https://ghe.example.com/api/v3' },
      caFile: '/ca.pem',
    },
    verify: { mode: 'head', keys: ['/etc/keys.asc', 'ssh-ed25519 AAAAC3Nz ada'] },
    rollback: {
      ...{ onFailure: 'pullRequest', observeMs: 300_000, signingKeyFile: '/sign' },
      author: { name: 'Robot', email: 'robot@example.com' },
    },
    forge: {
      ...{ provider: 'github', tokenEnv: 'TOKEN', tokenFile: undefined, githubApp: undefined, apiURL: undefined },
      ...{ repository: 'acme/shop', statuses: true, deployments: true, environment: 'production' },
    },
    notes: true,
  })
})

test('an ssh key comes with the keys of the server', () => {
  const credentials = { sshKeyFile: '/k', sshPassphraseFile: '/p', knownHostsFile: '/h' }
  const { application, problems } = read({}, { source: { credentials } })
  const ssh = { keyFile: '/k', passphraseFile: '/p', knownHostsFile: '/h' }
  expect([problems, application?.credentials]).toEqual([[], { ...noCredentials, ssh }])
})

test('what is left out has its default', () => {
  const { application, engine } = read({}, { forge: { provider: 'gitea', tokenFile: '/t' } })
  expect(application).toMatchObject({ rollback: noRollback, notes: false, verify: undefined })
  expect(application?.forge).toMatchObject({ statuses: true, deployments: false, environment: 'production' })
  expect([engine.webhooks, engine.notifications]).toEqual([undefined, []])
})

test('webhooks and notifications are read', () => {
  const notification = { name: 'ops', type: 'slack', urlFile: '/run/slack', applications: ['shop'] }
  const { engine, problems } = read({
    server: { externalURL: 'https://berth.example.com', webhooks: { listen: '0.0.0.0:7080', secretEnv: 'HOOK' } },
    notifications: [{ ...notification, events: ['degraded'], template: '{{app}} broke' }],
  })
  expect(problems).toEqual([])
  expect(engine).toMatchObject({
    externalURL: 'https://berth.example.com',
    webhooks: { listen: '0.0.0.0:7080', secretFile: undefined, secretEnv: 'HOOK' },
    notifications: [{ ...notification, events: ['degraded'], template: '{{app}} broke' }],
  })
})

const inCredentials = (credentials: object) => [{}, { source: { credentials } }] as const
const inForge = (forge: object) => [{}, { forge: { provider: 'github', tokenFile: '/t', ...forge } }] as const
const inServer = (server: object) => [{ server }, {}] as const
const inNotification = (one: object) =>
  [{ notifications: [{ name: 'ops', type: 'slack', url: 'https://x.example.com', ...one }] }, {}] as const

test.each([
  [
    inCredentials({ secretFile: '/a', secretEnv: 'B' }),
    'spec.source.credentials: expected at most one of secretFile, secretEnv, githubApp, sshKeyFile, found secretFile, secretEnv',
  ],
  [inCredentials({ secretFile: 'a' }), 'secretFile: expected an absolute path, found "a" (string)'],
  [
    inCredentials({ secretEnv: 'A-B' }),
    'secretEnv: expected the name of an environment variable, found "A-B" (string)',
  ],
  [inCredentials({ sshKeyFile: '/k' }), 'knownHostsFile: expected the keys of the server'],
  [inCredentials({ knownHostsFile: '/k' }), 'knownHostsFile: expected sshKeyFile beside it'],
  [inCredentials({ githubApp: { ...app, appId: 'x' } }), 'githubApp.appId: expected the number that GitHub shows'],
  [[{}, { source: { verify: { keys: ['a'] } } }], 'spec.source.verify.keys[0]: expected an absolute path, a line'],
  [[{}, { source: { verify: { keys: [] } } }], 'spec.source.verify.keys: expected at least one public key, found none'],
  [[{}, { rollback: { observe: 'soon' } }], 'spec.rollback.observe: expected a duration'],
  [[{}, { rollback: { author: { name: 'a <b', email: 'c' } } }], 'spec.rollback.author: expected a name'],
  [inForge({ tokenFile: undefined }), 'spec.forge: expected exactly one of tokenFile, tokenEnv, githubApp, found none'],
  [inForge({ repository: 'shop' }), 'spec.forge.repository: expected owner/name, found "shop" (string)'],
  [inForge({ provider: 'gitlab', deployments: true }), 'spec.forge.deployments: expected provider github'],
  [inForge({ apiURL: 'https://a:b@c' }), 'spec.forge.apiURL: expected an address'],
  [inServer({ webhooks: {} }), 'spec.server.webhooks: expected secretFile or secretEnv'],
  [inServer({ webhooks: { secretFile: '/s', listen: 'x' } }), 'spec.server.webhooks.listen: expected address:port'],
  [inServer({ externalURL: 'berth' }), 'spec.server.externalURL: expected an address'],
  [inNotification({ urlFile: '/u' }), 'spec.notifications[0]: expected exactly one of url, urlFile, urlEnv, found 2'],
  [inNotification({ name: 'A b' }), 'spec.notifications[0].name: expected'],
  [
    inNotification({ template: '{{app}} {{ subject }} {{image}}' }),
    'spec.notifications[0].template: expected one of app, kind, commit, shortCommit, subject, author, message, duration, rollback, url',
  ],
  [inNotification({ events: ['broken'] }), 'spec.notifications[0].events[0]: expected'],
] as const)('problem %#', ([engine, application], problem) => {
  const { problems } = read(engine, application)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})
