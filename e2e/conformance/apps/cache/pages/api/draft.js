export default function draft(req, res) {
  if (req.query.enable !== undefined) res.setDraftMode({ enable: req.query.enable === 'true' })
  if (req.query.to !== undefined) return res.redirect(req.query.to)
  return res.json({ draftMode: req.draftMode ?? null })
}
