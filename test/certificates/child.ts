// A Berth in a process of its own, to be killed.
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { Certificates } from '../../src/certificates/certificates.ts'

const [stateDir = '', server = '', caFile = '', port = '', host = ''] = process.argv.slice(2)
const certificates = new Certificates({
  stateDir,
  settings: { server, email: undefined, caFile },
  entrances: () => [{ address: '127.0.0.1', port: Number(port), proxyProtocol: false }],
  changed: () => {},
  clock: systemClock,
  log: silentLog,
})
certificates.start()
certificates.want([{ ingress: 'shop/Ingress/web', hosts: [host] }])
