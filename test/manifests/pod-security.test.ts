import { describe, expect, test } from 'vitest'
import { plain, withContainer } from './manifest.ts'

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
  test('the message names the setting', () => {
    expect(plain(withContainer({ securityContext: { privileged: true } }), { podSecurity: 'baseline' })).toEqual([
      'spec.containers[0].securityContext.privileged: expected false, found true (boolean): podSecurity is baseline (--pod-security, or spec.security.podSecurity of the Application)',
    ])
  })
})
