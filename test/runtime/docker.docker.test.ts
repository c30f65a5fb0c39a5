import { runtimeContract } from './contract.ts'
import { dockerWorld } from './docker-world.ts'

runtimeContract('Docker', () => dockerWorld())
