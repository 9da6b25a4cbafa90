import requests

# Tạo API key mới
headers = {
    'Authorization': 'Bearer YOUR_JWT_TOKEN',
    'Content-Type': 'application/json'
}

data = {
    'name': 'My App',
    'scope': 'full_access'
}

response = requests.post(
    'https://api.twineexpert.com/api/v1/auth/api-keys',
    headers=headers,
    json=data
)

api_key = response.json()['data']['key']
print(f'API Key: {api_key}')
