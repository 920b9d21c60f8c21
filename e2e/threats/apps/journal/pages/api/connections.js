import { channel, subscribe } from 'node:diagnostics_channel'

const counted = Symbol.for('journal.connections')

// Once in the process, though bundling may make this module twice.
if (globalThis[counted] === undefined) {
  globalThis[counted] = { count: 0, hasChannel: channel('net.client.socket') !== undefined }
  subscribe('net.client.socket', () => (globalThis[counted].count += 1))
}

/** How many connections the serving thread has opened since this was first asked. */
export default (req, res) => res.json(globalThis[counted])
