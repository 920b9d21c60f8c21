export default function draft(req, res) {
  if (req.query.enable !== undefined) res.setDraftMode({ enable: req.query.enable === 'true' })
  res.json({ draftMode: req.draftMode ?? null })
}
