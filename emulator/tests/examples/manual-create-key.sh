# Tạo API key mới
curl -X POST "https://api.twineexpert.com/api/v1/auth/api-keys" \
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "My App",
    "scope": "full_access"
  }'
