// Swagger UI, with requests that carry the page's session and its CSRF token.
const root = document.documentElement;
const operations = document.getElementById('operations');
const csrf = document.querySelector('[name="csrfmiddlewaretoken"]')?.value;
const night = matchMedia('(prefers-color-scheme: dark)');

const draw = () => root.classList.toggle('dark-mode', (root.dataset.theme ?? (night.matches ? 'dark' : 'light')) === 'dark');
draw();
night.addEventListener('change', draw);

SwaggerUIBundle({
  url: operations.dataset.schema,
  domNode: operations,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // it would send the schema to another host
  requestInterceptor(request) {
    if (csrf && request.method !== 'GET') {
      request.headers['X-CSRFToken'] = csrf;
    }
    return request;
  },
});
