// What surrounds every page: data, direction, routes, notes.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Direction } from "radix-ui";
import { useTranslation } from "react-i18next";
import { queries } from "./api/query";
import { Toasts } from "./parts/toast";
import { router } from "./routes";

export function App() {
  const { i18n } = useTranslation();
  return (
    <QueryClientProvider client={queries}>
      <Direction.Provider dir={i18n.dir() === "rtl" ? "rtl" : "ltr"}>
        <RouterProvider router={router} />
        <Toasts />
      </Direction.Provider>
    </QueryClientProvider>
  );
}
