import { expect, test, vi } from 'vitest'
import { defaults, engine, open, pass, repositories, repository, runtime } from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'
import { FakeRepository } from './support/fake-repository.ts'
import { branchPreviews } from './support/preview-settings.ts'

const ingress = (name: string, host: string, more = '') => ({
  [`${name}.yaml`]: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}${more} }
spec: { rules: [{ host: ${host}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }] }
`,
})

test('a preview takes no host of production or of another application, nor a part of its visitors', async () => {
  const forge = new FakePullRequests(() => repository)
  const other = new FakeRepository()
  repositories.set('zoo', other)
  repository.push('Start', ingress('web', 'shop.example.com'))
  other.push('Start', ingress('zoo', 'pr-7.zoo.example.com'))
  const facts = runtime.hostFacts.bind(runtime)
  runtime.hostFacts = () => facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } }))
  const { mock } = vi.spyOn(runtime, 'setNetwork')
  const previews = { ...branchPreviews, provider: 'github' as const }
  const others = [{ ...defaults, name: 'zoo', namespace: 'zoo' }]
  await open({ previews }, others, { pullRequests: () => forge }).start()
  await pass(12_000)
  const canary = ', annotations: { berth.dev/canary: "true", berth.dev/canary-weight: "100" }'
  forge.open(7, { ...ingress('thief', 'zoo.example.com'), ...ingress('part', 'zoo.example.com', canary) })
  await pass(30_000)
  const routes = mock.calls.at(-1)?.[0].ingress.routes ?? []
  expect(routes.map((route) => `${route.host} ${route.ingress}`).sort()).toEqual([
    'pr-7.shop.example.com shop-pr-7/Ingress/web',
    'pr-7.zoo.example.com zoo/Ingress/zoo',
    'shop.example.com shop/Ingress/web',
  ])
  const told = engine.status().find(({ name }) => name === 'shop/pr-7')?.objects ?? []
  for (const name of ['thief', 'part']) {
    const message = 'pr-7.zoo.example.com is the host of zoo/Ingress/zoo: it is not served'
    expect(told.find((one) => one.name === name)?.message).toContain(message)
  }
})
