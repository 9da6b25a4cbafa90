# Lấy danh sách twins
curl -X GET "https://api.twinexpert.com/api/v1/twins" \
  -H "Authorization: Bearer 123456" \
  -H "Content-Type: application/json"
