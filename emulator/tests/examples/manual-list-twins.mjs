// Lấy danh sách twins
const response = await
fetch('https://api.twineexpert.com/api/v1/twins', {
  headers: {
    'Authorization': 'Bearer 123456',
    'Content-Type': 'application/json'
  }
});

const twins = await response.json();
console.log('Available twins:', twins.data);
