"""The pages behind a customer's link."""

from django.urls import path

from . import pages

urlpatterns = [
    path("i/<str:token>/", pages.invoice_page, name="invoice-page"),
    path("i/<str:token>/pdf/", pages.invoice_pdf, name="invoice-pdf"),
    path("i/<str:token>/answer/", pages.answer_estimate, name="invoice-answer"),
]
