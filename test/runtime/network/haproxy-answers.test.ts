import { expect, test } from 'vitest'
import { readServersState, readSessions, readStopping } from '../../../src/runtime/network/haproxy-answers.ts'

test('servers of pods are told, those that lead to HAProxy itself are not', () => {
  const line = (backend: string, server: string, admin: number) =>
    `3 ${backend} 1 ${server} 10.244.0.9 2 ${admin} 1 1 9 1 0 2 0 0 0 0 - 8080 - 0 0 - - 0`
  const text = [
    '1',
    '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state',
    line('h_shop_web_80', 'web-0_8080', 0),
    line('h_shop_web_80', 'web-1_8080', 1),
    line('next', 'next', 0),
    line('ingress_next_http', 'next', 0),
    line('ingress_next_https', 'next', 0),
    line('half_closed', 'http', 0),
  ].join('\n')
  expect(readServersState(text)).toEqual(
    new Map([
      [
        'h_shop_web_80',
        new Map([
          ['web-0_8080', { address: '10.244.0.9', port: 8080, open: true }],
          ['web-1_8080', { address: '10.244.0.9', port: 8080, open: false }],
        ]),
      ],
    ]),
  )
})

test('sessions are summed over workers, whatever else they say', () => {
  const stat = (sessions: number, queued: number) => `h_shop_web_80,web-0_8080,${queued},0,${sessions},4,,12,`
  const info = ['Name: HAProxy', 'Version: 2.6.12-1, patched, by somebody, else', 'Stopping: 1'].join('\n')
  const text = [info, '# pxname,svname,qcur,qmax,scur', stat(2, 1), info, stat(3, 0)].join('\n')
  expect(readSessions(text)).toEqual(new Map([['h_shop_web_80/web-0_8080', 6]]))
})

test('a worker says whether it knows that it was replaced', () => {
  expect(readStopping('Nbthread: 2\nStopping: 1\nJobs: 3\n')).toBe(true)
  expect(readStopping('Nbthread: 2\nStopping: 0\nJobs: 13\n')).toBe(false)
  expect(readStopping('')).toBe(false)
})
