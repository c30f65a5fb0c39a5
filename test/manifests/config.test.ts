import { describe, expect, test } from 'vitest'
import { parseDuration } from '../../src/base/duration.ts'
import { readConfig } from '../../src/manifests/config.ts'
import { noCredentials, noRollback } from '../../src/manifests/config-delivery.ts'
import { defaultNetwork } from '../../src/manifests/config-network.ts'
import { renderProblem } from '../../src/manifests/problem.ts'

const read = (text: string) => readConfig({ path: 'berth.yaml', bytes: new TextEncoder().encode(text) })
const engine = (spec = '{}') => `apiVersion: berth.dev/v1\nkind: Engine\nmetadata: {name: production}\nspec: ${spec}\n`
const application = (spec: string, name = 'shop') =>
  `apiVersion: berth.dev/v1\nkind: Application\nmetadata: {name: ${name}}\nspec: ${spec}\n`
const source = 'source: {repoURL: /srv/shop.git}'

test('everything that is left out has its default', () => {
  const { config, problems } = read(`${engine()}---\n${application(`{${source}}`)}`)
  expect(problems).toEqual([])
  expect(config).toEqual({
    engine: {
      name: 'production',
      hosts: [],
      clusterDomain: 'cluster.local',
      network: defaultNetwork,
      stateDir: undefined,
      listen: undefined,
      pauseImage: undefined,
      prometheusURL: undefined,
      externalURL: undefined,
      webhooks: undefined,
      notifications: [],
    },
    applications: [
      {
        name: 'shop',
        repoURL: '/srv/shop.git',
        revision: 'main',
        path: '.',
        credentials: noCredentials,
        verify: undefined,
        rollback: noRollback,
        forge: undefined,
        notes: false,
        previews: undefined,
        namespace: 'default',
        intervalMs: 30_000,
        prune: true,
        pruneBudget: '25%',
        selfHeal: true,
        podSecurity: 'baseline',
      },
    ],
  })
})

test('everything that is written is read', () => {
  const { config, problems } = read(`${engine(
    '{hosts: [{name: a, endpoint: "tcp://10.0.0.1:2375", labels: {zone: a}, taints: [{key: gpu, effect: NoSchedule}]}], autoscaling: {prometheusURL: "http://prometheus:9090"}, network: {mtu: 1400}, stateDir: /x, server: {listen: ":80"}, pauseImage: "p:1"}',
  )}---
${application(`
  source: {repoURL: "https://git.example.com/a.git", revision: v1, path: prod, credentials: {secretFile: /run/git}}
  destination: {namespace: shop}
  sync: {interval: 1h30m, prune: false, pruneBudget: 3, selfHeal: false}
  security: {podSecurity: restricted}`)}`)
  expect(problems).toEqual([])
  expect(config.engine).toMatchObject({
    hosts: [
      {
        name: 'a',
        endpoint: 'tcp://10.0.0.1:2375',
        labels: { zone: 'a' },
        taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }],
      },
    ],
    prometheusURL: 'http://prometheus:9090',
    network: { podCIDR: '10.244.0.0/14', mtu: 1400 },
    stateDir: '/x',
    listen: ':80',
    pauseImage: 'p:1',
  })
  expect(config.applications).toMatchObject([
    {
      ...{
        revision: 'v1',
        path: 'prod',
        credentials: { ...noCredentials, secretFile: '/run/git' },
        namespace: 'shop',
        intervalMs: 5_400_000,
      },
      ...{ prune: false, pruneBudget: 3, selfHeal: false, podSecurity: 'restricted' },
    },
  ])
})

test('everything that is written of the network is read', () => {
  const acme = { server: 'https://acme.example.com/directory', email: 'admin@example.com', caFile: '/etc/acme.pem' }
  const network = {
    ...{ podCIDR: '10.32.0.0/16', serviceCIDR: '10.33.0.0/20', mtu: 1400, mode: 'services', nodeImage: 'node:2' },
    ingress: { httpPort: 8080, httpsPort: 8443, proxyProtocol: true, className: 'berth' },
  }
  const { config, problems } = read(
    engine(JSON.stringify({ network: { ...network, acme: { ...acme, agreeToTerms: true } } })),
  )
  expect([problems, config.engine.network]).toEqual([[], { ...network, acme }])
})

test.each(['off', '"off"', 'false'])('onFailure: %s is off', (text) => {
  expect(read(`${engine()}---\n${application(`{${source}, rollback: {onFailure: ${text}}}`)}`).problems).toEqual([])
})

describe('problems', () => {
  test.each([
    ['', 'expected one document of the kind Engine, found none'],
    [engine('{hots: []}'), 'spec.hots: expected a known field, found "hots": did you mean "hosts"?'],
    [
      engine('{hosts: [{name: a, endpoint: "http://x"}]}'),
      'spec.hosts[0].endpoint: expected unix:///path or tcp://host:port, found "http://x" (string)',
    ],
    [
      engine('{hosts: [{name: a, endpoint: "unix:///a", labels: {"a b": c}}]}'),
      'spec.hosts[0].labels["a b"]: expected a label key like "app" or "example.com/app", its name of letters, digits, "-", "_" and ".", 63 at most, found "c" (string)',
    ],
    [
      engine('{hosts: [{name: a, endpoint: "unix:///a", taints: [{key: gpu, effect: Never}]}]}'),
      'spec.hosts[0].taints[0].effect: expected NoSchedule, PreferNoSchedule or NoExecute, found "Never" (string)',
    ],
    [
      engine('{hosts: [{name: a, endpoint: "unix:///a", taints: [{key: "", effect: NoExecute}]}]}'),
      'spec.hosts[0].taints[0].key: expected a label key like "app" or "example.com/app", its name of letters, digits, "-", "_" and ".", 63 at most, found "" (string)',
    ],
    [
      engine('{autoscaling: {prometheusURL: "prometheus:9090"}}'),
      'spec.autoscaling.prometheusURL: expected an address like "http://prometheus:9090", found "prometheus:9090" (string)',
    ],
    [
      engine('{hosts: [{name: a, endpoint: "unix:///a"}, {name: a, endpoint: "unix:///b"}]}'),
      'spec.hosts[1].name: expected another name for each host, found "a" again',
    ],
    [
      engine('{hosts: [{name: a, endpoint: "tcp://a:1", tls: {caFile: a, certFile: b, keyFile: c}}]}'),
      'spec.hosts[0].tls: not supported by this version of berth',
    ],
    [
      engine('{network: {podCIDR: 10.244.0.0}}'),
      'spec.network.podCIDR: expected a network like "10.244.0.0/14", found "10.244.0.0" (string)',
    ],
    [
      engine('{network: {podCIDR: 10.244.0.1/14}}'),
      'spec.network.podCIDR: expected a network like "10.244.0.0/14", found "10.244.0.1/14" (string)',
    ],
    [
      engine('{network: {serviceCIDR: 10.96.0.0/25}}'),
      'spec.network.serviceCIDR: expected a network like "10.96.0.0/16", from /12 to /24, found "10.96.0.0/25" (string)',
    ],
    [
      engine('{network: {serviceCIDR: 10.0.0.0/8}}'),
      'spec.network.serviceCIDR: expected a network like "10.96.0.0/16", from /12 to /24, found "10.0.0.0/8" (string)',
    ],
    [
      engine('{network: {serviceCIDR: 10.245.0.0/16}}'),
      'spec.network.serviceCIDR: expected no address of podCIDR, which is 10.244.0.0/14, found "10.245.0.0/16" (string)',
    ],
    [
      engine('{network: {podCIDR: 10.96.4.0/24}}'),
      'spec.network.serviceCIDR: expected no address of podCIDR, which is 10.96.4.0/24, found "10.96.0.0/16" (string)',
    ],
    [engine('{network: {mode: proxy}}'), 'spec.network.mode: expected services or names, found "proxy" (string)'],
    [
      engine('{network: {nodeImage: "no image"}}'),
      'spec.network.nodeImage: expected an image reference like "registry.example.com/shop/web:1.2", found "no image" (string)',
    ],
    [
      engine('{network: {ingress: {httpPort: 65536}}}'),
      'spec.network.ingress.httpPort: expected a whole number from 0 to 65535, found 65536 (number)',
    ],
    [
      engine('{network: {ingress: {httpPort: 443}}}'),
      'spec.network.ingress.httpsPort: expected another port than httpPort, found 443 (number)',
    ],
    [
      engine('{network: {ingress: {className: "A b"}}}'),
      'spec.network.ingress.className: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "A b" (string)',
    ],
    [
      engine('{network: {acme: {email: a@example.com}}}'),
      'spec.network.acme.agreeToTerms: expected true, as certificates are given to those who agree to the terms of the server, found false (boolean)',
    ],
    [
      engine('{network: {acme: {agreeToTerms: true, server: acme.example.com}}}'),
      'spec.network.acme.server: expected an address like "https://acme.example.com/directory", found "acme.example.com" (string)',
    ],
    [
      engine('{network: {acme: {agreeToTerms: true, email: admin}}}'),
      'spec.network.acme.email: expected an address like "admin@example.com", found "admin" (string)',
    ],
    [
      engine('{network: {acme: {agreeToTerms: true, caFile: ca.pem}}}'),
      'spec.network.acme.caFile: expected an absolute path, found "ca.pem" (string)',
    ],
    [
      engine('{clusterDomain: Cluster}'),
      'spec.clusterDomain: expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit, found "Cluster" (string)',
    ],
    [engine('{server: {listen: "7070"}}'), 'spec.server.listen: expected address:port, found "7070" (string)'],
    [engine('{stateDir: here}'), 'spec.stateDir: expected an absolute path, found "here" (string)'],
    [`${engine()}---\n${engine()}`, 'expected one Engine, found another one'],
    [`${engine()}---\n${application('{}')}`, 'spec.source: expected a map, found nothing'],
    [
      `${engine()}---\n${application(`{${source}, sync: {interval: soon}}`)}`,
      'spec.sync.interval: expected a duration from 1s like "30s" or "5m", found "soon" (string)',
    ],
    [
      `${engine()}---\n${application(`{${source}, sync: {interval: 10ms}}`)}`,
      'spec.sync.interval: expected a duration from 1s like "30s" or "5m", found "10ms" (string)',
    ],
    [
      `${engine()}---\n${application(`{${source}, sync: {pruneBudget: 101%}}`)}`,
      'spec.sync.pruneBudget: expected a whole number from 0 or a percentage to 100%, found "101%" (string)',
    ],
    [
      `${engine()}---\n${application(`{${source}, security: {podSecurity: none}}`)}`,
      'spec.security.podSecurity: expected privileged, baseline or restricted, found "none" (string)',
    ],
    [
      `${engine()}---\n${application(`{${source}, rollback: {onFailure: pullRequest}}`)}`,
      'spec.rollback.onFailure: expected spec.forge for pullRequest, found none',
    ],
    [
      `${engine()}---\n${application(`{${source}}`)}---\n${application(`{${source}}`)}`,
      'metadata.name: expected another name for each Application, found "shop" again',
    ],
    [
      `${engine()}---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}`,
      'kind: expected Engine or Application in a configuration, found "Pod"',
    ],
    [
      engine().replace('berth.dev/v1', 'berth.dev/v2'),
      'apiVersion: expected berth.dev/v1 for an Engine, found "berth.dev/v2"',
    ],
    ['a: [', 'expected YAML, Flow sequence'],
  ])('%#: %j', (text, problem) => {
    const problems = read(text).problems.map((found) => renderProblem(found).replace(/^berth\.yaml(:\d+)?: /, ''))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
  })
})

test.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['5', undefined],
  ['', undefined],
  ['5d', undefined],
  ['-5s', undefined],
])('the duration %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})
