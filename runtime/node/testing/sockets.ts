import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'

/** Makes the function that connects to a port of this machine. After each test the connections of it are gone. */
export function keepSockets(): (port: number) => Promise<Socket> {
  const sockets: Socket[] = []

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  return async (port) => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    // Being cut off is what some tests are about.
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
}
