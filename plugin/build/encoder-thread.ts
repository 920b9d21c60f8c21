import { parentPort } from 'node:worker_threads'
import { encodeEntries, type EncodeRequest } from './encoder-protocol.ts'

// A thread of `createEncoder`: answers in the order in which it is asked.
parentPort!.on('message', (request: EncodeRequest) => parentPort!.postMessage(encodeEntries(request)))
