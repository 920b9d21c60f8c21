export default (req, res) => res.setDraftMode({ enable: true }).json({ draftMode: req.draftMode ?? null })
