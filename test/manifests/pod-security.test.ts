import { describe, expect, test } from 'vitest'
import { container, plain, pod, withContainer } from './manifest.ts'

describe('pod security', () => {
  const hard = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  }
  const levels = ['privileged', 'baseline', 'restricted'] as const
  const allowed = (manifest: object) => levels.filter((podSecurity) => plain(manifest, { podSecurity }).length === 0)
  test.each([
    ['nothing asked for', {}, ['privileged', 'baseline']],
    ['hardened', { securityContext: hard }, ['privileged', 'baseline', 'restricted']],
    ['privileged', { securityContext: { privileged: true } }, ['privileged']],
    [
      'an ordinary capability',
      { securityContext: { ...hard, capabilities: { drop: ['all'], add: ['CAP_NET_BIND_SERVICE'] } } },
      ['privileged', 'baseline', 'restricted'],
    ],
    [
      'one that restricted does not want',
      { securityContext: { ...hard, capabilities: { drop: ['ALL'], add: ['CHOWN'] } } },
      ['privileged', 'baseline'],
    ],
    ['a strong one', { securityContext: { capabilities: { add: ['NET_ADMIN'] } } }, ['privileged']],
    ['a port of the host', { ports: [{ containerPort: 80, hostPort: 80 }] }, ['privileged']],
    ['no seccomp', { securityContext: { seccompProfile: { type: 'Unconfined' } } }, ['privileged']],
    ['root', { securityContext: { ...hard, runAsUser: 0 } }, ['privileged', 'baseline']],
  ])('%s', (_, extra, expected) => {
    expect(allowed(withContainer(extra))).toEqual(expected)
  })
  const hardened = { ...container, securityContext: hard }
  const all = ['privileged', 'baseline', 'restricted']
  test.each([
    ['nothing asked for', {}, all],
    ['the network of the host', { hostNetwork: true }, ['privileged']],
    ['its processes', { hostPID: true }, ['privileged']],
    ['its IPC', { hostIPC: true }, ['privileged']],
    ['its files', { volumes: [{ name: 'a', hostPath: { path: '/' } }] }, ['privileged']],
    ['nfs', { volumes: [{ name: 'a', nfs: { server: 'a', path: '/' } }] }, ['privileged', 'baseline']],
    ['volumes of the pod', { volumes: [{ name: 'a' }, { name: 'b', emptyDir: {} }] }, all],
    ['a safe setting', { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } }, all],
    ['another', { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '9' }] } }, ['privileged']],
    ['an init container', { initContainers: [{ ...hardened, name: 'first' }] }, all],
    ['a soft one', { initContainers: [{ ...container, name: 'first' }] }, ['privileged', 'baseline']],
    [
      'a privileged one',
      { initContainers: [{ ...container, name: 'first', securityContext: { privileged: true } }] },
      ['privileged'],
    ],
    [
      'a probe of somebody else',
      { containers: [{ ...hardened, livenessProbe: { tcpSocket: { host: '10.0.0.1', port: 22 } } }] },
      ['privileged'],
    ],
    [
      'a hook to somebody else',
      { containers: [{ ...hardened, lifecycle: { preStop: { httpGet: { host: '10.0.0.1', port: 80 } } } }] },
      ['privileged'],
    ],
  ])('%s, of a hardened pod', (_, extra, expected) => {
    expect(allowed(pod({ containers: [hardened], ...extra }))).toEqual(expected)
  })
  test('the message names the setting', () => {
    expect(plain(withContainer({ securityContext: { privileged: true } }), { podSecurity: 'baseline' })).toEqual([
      'spec.containers[0].securityContext.privileged: expected false, found true (boolean): podSecurity is baseline (--pod-security, or spec.security.podSecurity of the Application)',
    ])
  })
})

test('a preview is told of the setting of previews', () => {
  const options = { podSecurity: 'restricted', forPreview: true } as const
  const [problem] = plain(withContainer({ securityContext: { privileged: true } }), options)
  expect(problem).toContain('podSecurity is restricted (spec.previews.podSecurity of the Application)')
})
