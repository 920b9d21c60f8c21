// A program: the handler in Fastify.
import middie from '@fastify/middie'
import { fastify } from 'fastify'
import { createIsrHandler } from 'vite-plugin-isr/runtime'

const app = fastify()
await app.register(middie)
app.use(createIsrHandler({ dist: process.argv[2] ?? '' }))
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
