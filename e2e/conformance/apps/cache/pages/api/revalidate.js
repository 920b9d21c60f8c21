/** Answers when the call has ended, with what it resolved with or how it failed. */
export default async function revalidate(req, res) {
  const path = req.body?.path === undefined ? req.query.path : req.body.path
  try {
    const result = await res.revalidate(path, req.body?.options)
    res.json({ result })
  } catch (error) {
    res.status(500).json({ error: { name: error.name, code: error.code, message: error.message } })
  }
}
