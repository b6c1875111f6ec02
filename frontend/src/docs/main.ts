// The API docs: Swagger UI from our own origin, over the OpenAPI file that the server generates.
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
// @ts-expect-error the package ships no types
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  syntaxHighlight: { activated: false },
  validatorUrl: null,
});
