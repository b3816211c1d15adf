const { Router } = require('express4');

const users = Router({ mergeParams: true });
users.get('/:id', (req, res) => res.json({ org: req.params.org, id: req.params.id }));
users.post('/', (req, res) => res.status(201).json(req.body));

module.exports = { users };
