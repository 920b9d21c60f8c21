// A program: the handler in Express.
import express from 'express'
import { createIsrHandler } from 'vite-plugin-isr/runtime'

const app = express()
app.use(createIsrHandler({ dist: process.argv[2] ?? '' }))
app.listen(Number(process.env['PORT']), '127.0.0.1')
