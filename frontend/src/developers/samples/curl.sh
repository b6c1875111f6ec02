export SWITCHYARD_API_KEY='sk_…'

curl -sS -X POST 'https://wa.example.com/v1/messages' \
  -H "Authorization: Bearer $SWITCHYARD_API_KEY" \
  -H 'Idempotency-Key: order-17' \
  -H 'Content-Type: application/json' \
  -d '{"session_id": "ses_…", "to": "+972501234567", "text": "Hello from the API"}'

curl -sS 'https://wa.example.com/v1/events?after=0' \
  -H "Authorization: Bearer $SWITCHYARD_API_KEY"
