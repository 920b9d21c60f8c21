export default (req, res) =>
  res.json({ query: req.query, cookies: { ...req.cookies }, body: req.body ?? null, draft: req.draftMode ?? false })
