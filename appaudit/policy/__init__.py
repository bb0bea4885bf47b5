"""Facts from what the app's publisher declares: policies, SDK lists, Data safety forms."""
