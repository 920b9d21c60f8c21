// A program: the handler in a server of the user's own.
import { createServer } from 'node:http'
import { createIsrHandler } from 'vite-plugin-isr/runtime'

const handler = createIsrHandler({ dist: process.argv[2] ?? '' })

createServer((request, response) => handler(request, response)).listen(Number(process.env['PORT']), '127.0.0.1')
