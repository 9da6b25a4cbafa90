import requests

# Lấy danh sách twins
headers = {
    'Authorization': 'Bearer 123456',
    'Content-Type': 'application/json'
}

response = requests.get(
    'https://api.twinexpert.com/api/v1/twins',
    headers=headers
)

twins = response.json()['data']
print(f'Found {len(twins)} twins')
