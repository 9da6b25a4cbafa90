// Tạo API key mới
const response = await
fetch('https://api.twineexpert.com/api/v1/auth/api-keys', {
  method: 'POST',
  headers: {
    'Authorization': 'Bearer YOUR_JWT_TOKEN',
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    name: 'My App',
    scope: 'full_access'
  })
});

const data = await response.json();
console.log('API Key:', data.data.key);
